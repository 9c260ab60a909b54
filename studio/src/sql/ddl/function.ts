import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** How a value goes in or out (CREATE FUNCTION, argmode). */
export const argumentModes = ['in', 'out', 'inout', 'variadic'] as const;

/** An argument of a function. */
export interface FunctionArgument {
  readonly mode: (typeof argumentModes)[number];
  /** Empty: it has none. */
  readonly name: string;
  readonly type: string;
  /** An expression of SQL; empty: none. */
  readonly default: string;
}

/** A function or procedure as somebody wants it. */
export interface FunctionDraft {
  readonly schema: string;
  readonly name: string;
  readonly procedure: boolean;
  readonly arguments: readonly FunctionArgument[];
  /** As SQL writes it, e.g. `setof todos`. Procedures have none. */
  readonly returns: string;
  readonly language: string;
  readonly volatility: 'volatile' | 'stable' | 'immutable';
  readonly definer: boolean;
  readonly strict: boolean;
  readonly leakproof: boolean;
  readonly parallel: 'unsafe' | 'restricted' | 'safe';
  /** Null: as the server thinks. */
  readonly cost: number | null;
  readonly rows: number | null;
  /** Settings in force while it runs, `name=value` as pg_proc keeps them. */
  readonly config: readonly string[];
  readonly body: string;
  /** True: the body is SQL that is read when the function is made (`return …`, `begin atomic …`), not a text. */
  readonly standard: boolean;
  readonly comment: string;
}

/** A function to begin with. */
export const newFunction = (schema: string): FunctionDraft => ({
  schema,
  name: '',
  procedure: false,
  arguments: [],
  returns: 'text',
  language: 'plpgsql',
  volatility: 'volatile',
  definer: false,
  strict: false,
  leakproof: false,
  parallel: 'unsafe',
  cost: null,
  rows: null,
  config: ['search_path=""'],
  body: '\nbegin\n  return null;\nend\n',
  standard: false,
  comment: '',
});

/** Asks for one function: a row of `FunctionDraft`. @param id its oid */
export const describeFunction = (
  id: number,
): string => `select n.nspname as schema, p.proname as name, p.prokind = 'p' as procedure, l.lanname as language,
  coalesce(pg_get_function_result(p.oid), '') as returns, p.prosecdef as definer, p.proisstrict as strict, p.proleakproof as leakproof,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end as parallel,
  case when p.procost <> case when l.lanname in ('c', 'internal') then 1 else 100 end then p.procost end as cost,
  case when p.proretset and p.prorows <> 1000 then p.prorows end as rows, to_json(coalesce(p.proconfig, '{}')) as config,
  coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body, p.prosqlbody is not null as standard, coalesce(obj_description(p.oid, 'pg_proc'), '') as comment,
  (select coalesce(json_agg(json_build_object('mode', case coalesce(mode, 'i') when 'o' then 'out' when 'b' then 'inout' when 'v' then 'variadic' else 'in' end,
      'name', coalesce(argument, ''), 'type', format_type(type, null), 'default', coalesce(pg_get_function_arg_default(p.oid, at::int), '')) order by at), '[]')
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames) with ordinality a (type, mode, argument, at)
    where mode is distinct from 't') as arguments
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang where p.oid = ${Math.trunc(id)}`;

const argumentSql = ({ mode, name, type, default: value }: FunctionArgument): string =>
  [mode !== 'in' && mode, name !== '' && quoteName(name), type.trim(), value.trim() !== '' && `default ${value.trim()}`]
    .filter(Boolean)
    .join(' ');

const noun = ({ procedure }: FunctionDraft): string => (procedure ? 'procedure' : 'function');

/** The function by its name and the types of what goes in, as ALTER and DROP want it. */
export const signatureOf = ({ schema, name, arguments: all }: FunctionDraft): string =>
  `${quoteQualified(schema, name)}(${all
    .filter(({ mode }) => mode !== 'out')
    .map(({ mode, type }) => (mode === 'variadic' ? `variadic ${type.trim()}` : type.trim()))
    .join(', ')})`;

/** What is wrong with it, in words; undefined: nothing. */
export function functionProblem(draft: FunctionDraft): string | undefined {
  if (draft.name.trim() === '') return 'A function has a name';
  if (draft.arguments.some(({ type }) => type.trim() === '')) return 'Every argument has a type';
  if (!draft.procedure && draft.returns.trim() === '') return 'It says what it returns; “void” is nothing';
  if (draft.body.trim() === '') return 'It has a body';
  return undefined;
}

// Settings that are lists of names: each item is quoted by itself (GUC_LIST_QUOTE).
const listSettings =
  /^(search_path|temp_tablespaces|(local|session|shared)_preload_libraries|unix_socket_directories)$/;

/** One setting of a function as `set … to …` wants it. @param entry `name=value`, as pg_proc keeps it */
export function settingSql(entry: string): string {
  const at = entry.indexOf('=');
  const [name, value] = at < 0 ? [entry, ''] : [entry.slice(0, at).trim(), entry.slice(at + 1)];
  const quoted = name.split('.').map(quoteName).join('.');
  if (!listSettings.test(name)) return `set ${quoted} to ${quoteText(value)}`;
  const items = [...value.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(([whole, inner]) =>
    inner === undefined ? whole.toLowerCase() : inner.replaceAll('""', '"'),
  );
  return `set ${quoted} to ${items.length > 0 ? items.map((item) => (item === '' ? "''" : quoteName(item))).join(', ') : "''"}`;
}

/** A text between dollars, which nothing in it ends. */
export function dollarQuoted(text: string): string {
  let tag = '$function$';
  for (let at = 1; text.includes(tag.slice(0, -1)); at++) tag = `$function${at}$`;
  return `${tag}${text}${tag}`;
}

function makeSql(draft: FunctionDraft): string {
  const call = `${quoteQualified(draft.schema, draft.name)}(${draft.arguments.map(argumentSql).join(', ')})`;
  return [
    `create or replace ${noun(draft)} ${call}`,
    !draft.procedure && `returns ${draft.returns.trim()}`,
    `language ${quoteName(draft.language)}`,
    !draft.procedure && draft.volatility !== 'volatile' && draft.volatility,
    !draft.procedure && draft.strict && 'strict',
    !draft.procedure && draft.leakproof && 'leakproof',
    draft.definer && 'security definer',
    !draft.procedure && draft.parallel !== 'unsafe' && `parallel ${draft.parallel}`,
    !draft.procedure && draft.cost !== null && `cost ${draft.cost}`,
    !draft.procedure && draft.rows !== null && `rows ${draft.rows}`,
    ...draft.config.filter((entry) => entry.trim() !== '').map(settingSql),
    draft.standard ? draft.body.trim().replace(/;$/, '') : `as ${dollarQuoted(draft.body)}`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** Whether the change takes a new function in place of the old one: its grants are lost, and what depends on it forbids it. */
export function isRemade(before: FunctionDraft, after: FunctionDraft): boolean {
  const shape = ({ procedure, returns, arguments: all }: FunctionDraft): string =>
    JSON.stringify([
      procedure,
      returns.trim().toLowerCase(),
      all.map(({ mode, type }) => [mode, type.trim().toLowerCase()]),
    ]);
  if (shape(before) !== shape(after)) return true;
  return before.arguments.some(
    ({ name, default: value }, at) =>
      (name !== '' && name !== after.arguments[at]?.name) ||
      (value.trim() !== '' && after.arguments[at]?.default.trim() === ''),
  );
}

/** Statements that make the function, or one of another, in one transaction; empty: they are alike. */
export function functionSql(before: FunctionDraft | undefined, after: FunctionDraft): string {
  if (before && JSON.stringify(before) === JSON.stringify(after)) return '';
  const statements: string[] = [];
  const remade = before && isRemade(before, after);
  if (before && remade) statements.push(`drop ${noun(before)} ${signatureOf(before)}`);
  else if (before) {
    const moved = { ...before, schema: after.schema };
    if (before.schema !== after.schema)
      statements.push(`alter ${noun(before)} ${signatureOf(before)} set schema ${quoteName(after.schema)}`);
    if (before.name !== after.name)
      statements.push(`alter ${noun(before)} ${signatureOf(moved)} rename to ${quoteName(after.name)}`);
  }
  statements.push(makeSql(after));
  if ((before && !remade ? before.comment : '') !== after.comment)
    statements.push(
      `comment on ${noun(after)} ${signatureOf(after)} is ${after.comment === '' ? 'null' : quoteText(after.comment)}`,
    );
  return statements.map((statement) => `${statement};`).join('\n\n');
}

/** Drops a function. */
export const dropFunctionSql = (of: FunctionDraft, cascade: boolean): string =>
  `drop ${noun(of)} ${signatureOf(of)}${cascade ? ' cascade' : ''};`;
