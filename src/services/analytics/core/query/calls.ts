import type { Form } from './paths.ts';
import {
  badQuery,
  type Group,
  isSymbol,
  isWord,
  type Node,
  rawToken,
  render,
  stringToken,
  type Token,
} from './tokens.ts';

/** BigQuery's types by PostgreSQL's names. */
const types: Readonly<Record<string, string>> = {
  int64: 'bigint',
  int: 'bigint',
  integer: 'bigint',
  float64: 'double precision',
  string: 'text',
  bool: 'boolean',
  bignumeric: 'numeric',
  numeric: 'numeric',
  datetime: 'timestamp',
  timestamp: 'timestamptz',
  bytes: 'bytea',
  json: 'jsonb',
};

/** PostgreSQL's name of a type of BigQuery. */
export const typeName = (word: string): string => types[word] ?? word;

/** Calls whose arguments are numbers. */
const numeric = new Set([
  'avg',
  'sum',
  'min',
  'max',
  'round',
  'abs',
  'ceil',
  'floor',
  'stddev',
  'variance',
  'approx_quantiles',
  'percentile_cont',
  'safe_divide',
  'div',
  'mod',
  'timestamp_micros',
  'timestamp_millis',
  'timestamp_seconds',
]);
/** Calls that take a value as it is. */
const any = new Set([
  'count',
  'array_agg',
  'any_value',
  'approx_count_distinct',
  'to_json_string',
  'jsonb_typeof',
  'row_number',
  'rank',
]);

/** The form in which a call wants values inside JSON. */
export function formWithin(name: string, args: readonly Node[]): Form {
  if (numeric.has(name)) return 'number';
  if (any.has(name)) return 'json';
  if (name === 'coalesce' || name === 'ifnull') return args.some((node) => node.kind === 'number') ? 'number' : 'text';
  return 'text';
}

/** A call as PostgreSQL has it; undefined where it is the same there. `args` are rewritten already. */
export type CallWriter = (
  args: readonly string[],
  raw: readonly (readonly Node[])[],
  schema: string,
) => string | undefined;

const unit = (nodes: readonly Node[] | undefined): string => {
  const node = nodes?.[0];
  if (nodes?.length !== 1 || node?.kind !== 'word') throw badQuery('a unit of time is missing');
  const name = node.value.replace(/s$/, '');
  if (!/^(microsecond|millisecond|second|minute|hour|day|week|month|quarter|year)$/.test(name))
    throw badQuery(`${node.text} is no unit of time`);
  return name;
};

const seconds: Readonly<Record<string, number>> = {
  microsecond: 1e-6,
  millisecond: 1e-3,
  second: 1,
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
};

// PostgreSQL's own has the unit in front, as a text.
const truncate: CallWriter = ([moment], [first, second]) =>
  first?.[0]?.kind !== 'string' && second?.[0]?.kind === 'word'
    ? `date_trunc('${unit(second)}', ${moment})`
    : undefined;
const shift =
  (sign: '+' | '-'): CallWriter =>
  ([moment, interval]) =>
    interval === undefined ? undefined : `(${moment} ${sign} ${interval})`;
const difference: CallWriter = ([a, b], [, , third]) =>
  third === undefined
    ? undefined
    : `floor(extract(epoch from (${a} - ${b})) / ${seconds[unit(third)] ?? 2_592_000})::bigint`;
const inner =
  (write: (argument: string) => string): CallWriter =>
  ([argument = '']) =>
    write(argument);

/** Calls that PostgreSQL has under other names or in other forms. */
export const callWriters: Readonly<Record<string, CallWriter>> = {
  regexp_contains: ([text, pattern]) => `(${text} ~ ${pattern})`,
  regexp_extract: ([text, pattern]) => `(regexp_match(${text}, ${pattern}))[1]`,
  regexp_replace: ([text, pattern, by], raw) =>
    raw.length === 3 ? `regexp_replace(${text}, ${pattern}, ${by}, 'g')` : undefined,
  ends_with: ([text, end]) => `(right(${text}, length(${end})) = ${end})`,
  contains_substr: ([text, part]) => `(position(lower(${part}) in lower(${text})) > 0)`,
  ifnull: (args) => `coalesce(${args.join(', ')})`,
  countif: inner((condition) => `count(*) filter (where ${condition})`),
  timestamp_trunc: truncate,
  datetime_trunc: truncate,
  date_trunc: truncate,
  timestamp_sub: shift('-'),
  timestamp_add: shift('+'),
  datetime_sub: shift('-'),
  datetime_add: shift('+'),
  date_sub: shift('-'),
  date_add: shift('+'),
  timestamp_diff: difference,
  datetime_diff: difference,
  current_timestamp: () => 'current_timestamp',
  current_datetime: () => `(current_timestamp at time zone 'UTC')`,
  current_date: () => 'current_date',
  datetime: ([moment, zone = "'UTC'"]) => `((${moment})::timestamptz at time zone ${zone})`,
  timestamp: inner((moment) => `(${moment})::timestamptz`),
  date: inner((moment) => `(${moment})::date`),
  unix_micros: inner((moment) => `(extract(epoch from ${moment}) * 1000000)::bigint`),
  unix_millis: inner((moment) => `(extract(epoch from ${moment}) * 1000)::bigint`),
  unix_seconds: inner((moment) => `extract(epoch from ${moment})::bigint`),
  timestamp_micros: inner((number) => `to_timestamp((${number}) / 1000000.0)`),
  timestamp_millis: inner((number) => `to_timestamp((${number}) / 1000.0)`),
  timestamp_seconds: inner((number) => `to_timestamp(${number})`),
  approx_count_distinct: inner((value) => `count(distinct ${value})`),
  any_value: inner((value) => `(array_agg(${value}))[1]`),
  logical_or: inner((value) => `bool_or(${value})`),
  logical_and: inner((value) => `bool_and(${value})`),
  safe_divide: ([a, b]) => `((${a})::numeric / nullif((${b})::numeric, 0))`,
  if: ([condition, then, otherwise = 'null']) => `(case when ${condition} then ${then} else ${otherwise} end)`,
  to_json_string: inner((value) => `(${value})::text`),
};

/** `approx_quantiles(x, n)`, by itself or with `[offset(k)]` behind it. @param index the brackets' content */
export function writeQuantiles(
  args: readonly string[],
  raw: readonly (readonly Node[])[],
  index: readonly Node[] | undefined,
): string {
  const [value = ''] = args;
  const count = Number(raw[1]?.[0]?.kind === 'number' ? raw[1][0].value : Number.NaN);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw badQuery('approx_quantiles wants a whole number up to 1000');
  const within = `within group (order by ${value})`;
  if (!index)
    return `percentile_cont(array[${Array.from({ length: count + 1 }, (_, k) => k / count).join(',')}]) ${within}`;
  const [how, place] = index;
  const number =
    place?.kind === 'group' && place.items[0]?.kind === 'number' ? Number(place.items[0].value) : Number.NaN;
  const at = isWord(how, 'ordinal', 'safe_ordinal') ? number - 1 : number;
  if (!(at >= 0 && at <= count)) throw badQuery('a place among quantiles is missing or too large');
  return `percentile_cont(${at / count}) ${within}`;
}

/** `cast(x as type)` and `safe_cast(x as type)`. @param rewrite writes the value */
export function writeCast(
  items: readonly Node[],
  isSafe: boolean,
  schema: string,
  rewrite: (nodes: readonly Node[]) => string,
): string | undefined {
  const at = items.findLastIndex((node) => isWord(node, 'as'));
  const [type] = items.slice(at + 1);
  if (at < 0 || type === undefined || type.kind === 'group') return undefined;
  const rest = render(items.slice(at + 2));
  const name = typeName(type.value);
  const value = rewrite(items.slice(0, at));
  if (!isSafe) return `cast(${value} as ${name}${rest})`;
  const text = `(${value})::text`;
  if (['bigint', 'numeric', 'double precision'].includes(name)) return `${schema}.as_number(${text})::${name}`;
  if (name === 'boolean') return `${schema}.as_boolean(${text})`;
  if (name === 'timestamptz' || name === 'timestamp' || name === 'date')
    return `${schema}.as_timestamp(${text})::${name}`;
  return `cast(${value} as ${name}${rest})`;
}

/** `interval 5 minute` at a place: PostgreSQL's form, and where it ends. */
export function intervalAt(
  nodes: readonly Node[],
  at: number,
  rewrite: (nodes: readonly Node[]) => string,
): { readonly token: Token; readonly end: number } | undefined {
  const amount = nodes[at + 1];
  if (!isWord(nodes[at], 'interval') || amount === undefined || amount.kind === 'string') return undefined;
  const isNegative = isSymbol(amount, '-');
  const value = isNegative ? nodes[at + 2] : amount;
  const word = nodes[at + (isNegative ? 3 : 2)];
  if (value === undefined || word?.kind !== 'word') return undefined;
  const name = unit([word]);
  const text =
    value.kind === 'number'
      ? `interval ${stringToken(`${isNegative ? '-' : ''}${value.text} ${name}`).text}`
      : `(${rewrite([value])} * interval '1 ${name}')`;
  return { token: rawToken(text), end: at + (isNegative ? 4 : 3) };
}

/** Whether a group is a query of its own. */
export const isQuery = ({ items }: Group): boolean =>
  isWord(items[0], 'select', 'with') || (items[0]?.kind === 'group' && items[0].open === '(' && isQuery(items[0]));
