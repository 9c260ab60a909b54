import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import type { Field, Filter, LogicTree, Operation, OrderTerm } from '../core/grammar/tree.ts';
import type { RandomAggregate, RandomEmbed, RandomLevel } from './random-query.ts';
import type { RandomTable, RandomType } from './random-schema.ts';

const id = quoteIdentifier;

/**
 * Says in SQL what a random query means, slowly and in other words than the compiler: correlated subqueries in place of
 * joins, objects put together member by member, typed literals in place of parameters, De Morgan in place of AND and OR.
 */
export class Reference {
  readonly #schema: string;
  #aliases = 0;

  constructor(schema: string) {
    this.#schema = schema;
  }

  /** The whole answer as one jsonb value. */
  answer(level: RandomLevel): string {
    return `select ${this.#list(level, [])} as answer`;
  }

  /** Number of rows without limit and offset. */
  total(level: RandomLevel): string {
    const row = this.#alias();
    return `select count(*)::int as total from ${this.#from(level.table, row)}${this.#where(level, row, [])}`;
  }

  #alias(): string {
    this.#aliases++;
    return `r${this.#aliases}`;
  }

  #relation = (name: string): string => `${id(this.#schema)}.${id(name)}`;
  #from = ({ name }: RandomTable, row: string): string => `${this.#relation(name)} ${row}`;

  #where(level: RandomLevel, row: string, link: readonly string[]): string {
    const conditions = [...link, ...this.#conditions(level, row)];
    return conditions.length === 0 ? '' : ` where ${conditions.map((one) => `(${one}) is true`).join(' and ')}`;
  }

  #conditions(level: RandomLevel, row: string): string[] {
    const { table, filters, logic, embeds } = level;
    const conditions = filters.map((filter) => filterSql(filter, table, row));
    for (const tree of logic) conditions.push(logicSql(tree, table, row));
    for (const embed of embeds) {
      if (embed.inner) conditions.push(this.#exists(embed, row));
      if (embed.keepsIfEmpty !== undefined)
        conditions.push(`${embed.keepsIfEmpty ? 'not ' : ''}${this.#exists(embed, row)}`);
    }
    return conditions;
  }

  #exists({ link, level }: RandomEmbed, parent: string): string {
    const row = this.#alias();
    const where = this.#where(level, row, this.#link(link, parent, row));
    return `exists (select from ${this.#from(level.table, row)}${where}${page(level)})`;
  }

  #link({ pairs, junction, condition }: RandomEmbed['link'], parent: string, row: string): string[] {
    if (condition !== undefined) return [condition(parent, row)];
    if (junction === undefined) return pairs.map(([near, far]) => `${parent}.${id(near)} = ${row}.${id(far)}`);
    const { name, near, far } = junction;
    const through = this.#alias();
    const ends = [
      ...near.map(([one, other]) => `${through}.${id(other)} = ${parent}.${id(one)}`),
      ...far.map(([one, other]) => `${through}.${id(other)} = ${row}.${id(one)}`),
    ];
    return [`exists (select from ${this.#relation(name)} ${through} where ${ends.join(' and ')})`];
  }

  #list(level: RandomLevel, link: readonly string[], parent?: readonly [string, RandomEmbed]): string {
    if (level.aggregates.length > 0) return this.#groups(level, parent);
    const row = this.#alias();
    const linked = parent === undefined ? link : this.#link(parent[1].link, parent[0], row);
    return this.#collect(level, row, linked, objectSql(this.#outputs(level, row)));
  }

  /** Values of all rows of a level as a list, in order. */
  #collect(level: RandomLevel, row: string, link: readonly string[], value: string): string {
    const all = this.#alias();
    const order = this.#order(level, row);
    return (
      `coalesce((select jsonb_agg(${all}.v order by ${all}.n) from (select ${value} as v, row_number() over (order by ${order}) as n ` +
      `from ${this.#from(level.table, row)}${this.#where(level, row, link)} order by n${page(level)}) ${all}), '[]')`
    );
  }

  /** Values of the one row of a level, or null. */
  #one(embed: RandomEmbed, parent: string, value: (row: string) => string): string {
    const row = this.#alias();
    const where = this.#where(embed.level, row, this.#link(embed.link, parent, row));
    return `(select ${value(row)} from ${this.#from(embed.level.table, row)}${where}${page(embed.level)})`;
  }

  /** Names with their values, as jsonb, for one row. */
  #outputs(level: RandomLevel, row: string): (readonly [name: string, value: string])[] {
    const { table, star, outputs, embeds } = level;
    const found: (readonly [string, string])[] = [];
    if (star) for (const { name } of table.columns) found.push([name, `to_jsonb(${row}.${id(name)})`]);
    for (const { alias, field, cast } of outputs) {
      const value = fieldSql(field, table, row);
      found.push([alias, `to_jsonb(${cast === undefined ? value : `(${value})::text`})`]);
    }
    for (const embed of embeds) {
      if (embed.alias === undefined) found.push(...this.#spread(embed, row));
      else if (isShown(embed.level)) found.push([embed.alias, this.#value(embed, row)]);
    }
    return found;
  }

  #value(embed: RandomEmbed, parent: string): string {
    if (!embed.link.toOne) return this.#list(embed.level, [], [parent, embed]);
    return this.#one(embed, parent, (row) => objectSql(this.#outputs(embed.level, row)));
  }

  #spread(embed: RandomEmbed, parent: string): (readonly [string, string])[] {
    const { level, link } = embed;
    const names = this.#outputs(level, 'none').map(([name]) => name);
    return names.map((name, index) => {
      const value = (row: string): string => this.#outputs(level, row)[index]?.[1] as string;
      if (link.toOne) return [name, this.#one(embed, parent, value)] as const;
      const row = this.#alias();
      return [name, this.#collect(level, row, this.#link(link, parent, row), value(row))] as const;
    });
  }

  #order(level: RandomLevel, row: string): string {
    return level.order.map((term) => this.#orderTerm(term, level, row)).join(', ');
  }

  #orderTerm({ relation, field, direction, nulls }: OrderTerm, { table, embeds }: RandomLevel, row: string): string {
    const embed =
      relation === undefined ? undefined : embeds.find((one) => (one.alias ?? one.link.relation) === relation);
    const value =
      embed === undefined
        ? fieldSql(field, table, row)
        : this.#one(embed, row, (other) => fieldSql(field, embed.level.table, other));
    const down = direction === 'desc';
    const nullsFirst = nulls === undefined ? down : nulls === 'nullsfirst';
    return `(${value}) is null ${nullsFirst ? 'desc' : 'asc'}, (${value}) ${down ? 'desc' : 'asc'}`;
  }

  /** Rows grouped by whatever is no aggregate: every distinct group looks for its own rows. */
  #groups(level: RandomLevel, parent?: readonly [string, RandomEmbed]): string {
    const row = this.#alias();
    const link = parent === undefined ? [] : this.#link(parent[1].link, parent[0], row);
    const keys = level.outputs.map(({ alias, field }) => [alias, fieldSql(field, level.table, row)] as const);
    const values = level.aggregates.map((one) => [one, aggregated(one, level.table, row)] as const);
    for (const embed of level.embeds) {
      for (const { alias, field } of embed.level.outputs)
        keys.push([alias, this.#one(embed, row, (other) => fieldSql(field, embed.level.table, other))]);
      for (const one of embed.level.aggregates)
        values.push([one, this.#one(embed, row, (other) => aggregated(one, embed.level.table, other))]);
    }
    const [base, group, mine] = [this.#alias(), this.#alias(), this.#alias()];
    const columns = [
      ...keys.map(([, key], at) => `${key} as k${at}`),
      ...values.map(([, value], at) => `${value} as v${at}`),
    ];
    const same = keys.map((_, at) => `${mine}.k${at} is not distinct from ${group}.k${at}`).join(' and ') || 'true';
    const members = [
      ...keys.map(([alias], at) => [alias, `to_jsonb(${group}.k${at})`] as const),
      ...values.map(
        ([{ alias, aggregate }], at) =>
          [alias, `to_jsonb((select ${aggregate}(${mine}.v${at}) from ${base} ${mine} where ${same}))`] as const,
      ),
    ];
    const groups =
      keys.length === 0 ? '(select 1) ' : `(select distinct ${keys.map((_, at) => `k${at}`).join(', ')} from ${base}) `;
    const order = level.outputs.map((_, at) => `${group}.k${at}`);
    return (
      `(with ${base} as (select ${columns.join(', ')} from ${this.#from(level.table, row)}${this.#where(level, row, link)}) ` +
      `select coalesce(jsonb_agg(${objectSql(members)}${order.length === 0 ? '' : ` order by ${order.join(', ')}`}), '[]') from ${groups}${group})`
    );
  }
}

/** What an aggregate goes over: a column, or something that is there once for each row. */
const aggregated = ({ field }: RandomAggregate, table: RandomTable, row: string): string =>
  field === undefined ? '1' : fieldSql(field, table, row);

/** An embed without columns, or with nothing but such embeds, is not shown. */
function isShown({ star, outputs, aggregates, embeds }: RandomLevel): boolean {
  return star || outputs.length > 0 || aggregates.length > 0 || embeds.some(({ level }) => isShown(level));
}

const objectSql = (members: readonly (readonly [string, string])[]): string =>
  // A function takes a hundred arguments at most.
  members.reduce(
    (object, [name, value]) => `${object} || jsonb_build_object(${quoteLiteral(name)}, ${value})`,
    `'{}'::jsonb`,
  );

function page({ limit, offset }: RandomLevel): string {
  return `${limit === undefined ? '' : ` limit ${limit}`}${offset === undefined ? '' : ` offset ${offset}`}`;
}

const typeOf = ({ columns }: RandomTable, name: string): RandomType =>
  columns.find((column) => column.name === name)?.type as RandomType;

function fieldSql({ name, path }: Field, table: RandomTable, row: string): string {
  const column = `${row}.${id(name)}`;
  if (path.length === 0) return column;
  const steps = path.map(({ value }) => `"${value.replace('+', '')}"`).join(',');
  const isText = path[path.length - 1]?.arrow === '->>';
  const json = typeOf(table, name) === 'jsonb' ? column : `to_jsonb(${column})`;
  return `(${json} ${isText ? '#>>' : '#>'} ${quoteLiteral(`{${steps}}`)})`;
}

function logicSql(tree: LogicTree, table: RandomTable, row: string): string {
  if (tree.kind === 'filter') return filterSql(tree, table, row);
  const parts = tree.children.map((child) => `not (${logicSql(child, table, row)})`);
  const all = tree.operator === 'and' ? `not (${parts.join(' or ')})` : `not (${parts.join(' and ')})`;
  return tree.negated ? negated(all) : all;
}

const negated = (condition: string): string =>
  `case when ${condition} then false when not (${condition}) then true end`;

function filterSql({ field, negated: isNegated, operation }: Filter, table: RandomTable, row: string): string {
  const last = field.path[field.path.length - 1];
  const type = last === undefined ? typeOf(table, field.name) : last.arrow === '->>' ? 'text' : 'jsonb';
  const condition = operationSql(fieldSql(field, table, row), type, operation);
  return isNegated ? negated(condition) : condition;
}

const operators: Readonly<Record<string, string>> = {
  eq: '=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  match: '~',
  imatch: '~*',
  cs: '@>',
  cd: '<@',
  ov: '&&',
};

function operationSql(left: string, type: RandomType, operation: Operation): string {
  const typed = (value: string): string => `${quoteLiteral(value)}::${type}`;
  switch (operation.kind) {
    case 'is':
      return isSql(left, operation.value);
    case 'in': {
      const { values } = operation;
      if (values.length === 1 && values[0] === '') return 'false';
      return `not (${values.map((value) => `not (${left} = ${typed(value)})`).join(' and ')})`;
    }
    case 'distinct':
      return `not (${left} is not distinct from ${typed(operation.value)})`;
    case 'compare': {
      const { operator, quantifier, value } = operation;
      if (operator === 'like' || operator === 'ilike')
        return `${left} ${operator === 'like' ? '~~' : '~~*'} ${quoteLiteral(value.replaceAll('*', '%'))}`;
      if (operator === 'neq') return `not (${left} = ${typed(value)})`;
      if (quantifier === undefined) return `${left} ${operators[operator]} ${typed(value)}`;
      const parts = value.slice(1, -1).split(',');
      const compared = parts.map((part) => `${left} ${operators[operator]} ${typed(part)}`);
      return `(${compared.join(quantifier === 'any' ? ' or ' : ' and ')})`;
    }
    default:
      throw new Error(`no reference for ${operation.kind}`);
  }
}

function isSql(left: string, value: string): string {
  switch (value) {
    case 'null':
      return `${left} is null`;
    case 'not_null':
      return `not (${left} is null)`;
    case 'unknown':
      return `${left} is null`;
    default:
      return `coalesce(${left} = ${value}, false)`;
  }
}
