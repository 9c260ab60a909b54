import { quoteName, quoteQualified, quoteText } from './quote.ts';
import { type Column, keyOf } from './table.ts';

/** A value as it is typed: text in PostgreSQL's form, null for NULL, undefined for the column's default. */
export type Typed = string | null | undefined;

/** What is to be done to a table, in this order. */
export interface Changes {
  readonly updates: readonly { readonly key: readonly string[]; readonly values: Readonly<Record<string, Typed>> }[];
  readonly inserts: readonly Readonly<Record<string, Typed>>[];
  readonly deletes: readonly (readonly string[])[];
}

interface Target {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
}

/**
 * All changes as one statement: all of them are made or none, and one that meets no row (or several) undoes the rest.
 *
 * @throws Error for a table without a primary key
 */
export function changesSql(target: Target, { updates, inserts, deletes }: Changes): string {
  const table = quoteQualified(target.schema, target.name);
  const checked = (statement: string, what: string): string =>
    `  ${statement};\n  get diagnostics n = row_count;\n  if n <> 1 then raise exception 'The row to ${what} is not there any more'; end if;`;
  const body = [
    ...updates.map(({ key, values }) => {
      const set = Object.entries(values).map(([name, value]) => `${quoteName(name)} = ${literal(target, name, value)}`);
      return checked(`update ${table} set ${set.join(', ')} where ${keySql(target, key)}`, 'change');
    }),
    ...inserts.map((values) => `  ${insertSql(target, table, values)};`),
    ...deletes.map((key) => checked(`delete from ${table} where ${keySql(target, key)}`, 'delete')),
  ].join('\n');
  const tag = tagFor(body);
  return `do ${tag}\ndeclare n bigint;\nbegin\n${body}\nend\n${tag}`;
}

function insertSql(target: Target, table: string, values: Readonly<Record<string, Typed>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 0) return `insert into ${table} default values`;
  const names = given.map(([name]) => quoteName(name)).join(', ');
  return `insert into ${table} (${names}) values (${given.map(([name, value]) => literal(target, name, value)).join(', ')})`;
}

function keySql({ columns }: Target, key: readonly string[]): string {
  const parts = keyOf(columns);
  if (parts.length === 0 || parts.length !== key.length)
    throw new Error('Without a primary key rows cannot be told apart');
  return parts
    .map(({ name, type }, at) => `${quoteName(name)} = ${quoteText(key[at] as string)}::${type}`)
    .join(' and ');
}

function literal({ columns }: Target, name: string, value: Typed): string {
  if (value === undefined) return 'default';
  if (value === null) return 'null';
  const type = columns.find((column) => column.name === name)?.type;
  return type === undefined ? quoteText(value) : `${quoteText(value)}::${type}`;
}

// The text may hold any dollar quote; one that it does not hold ends nowhere too early.
function tagFor(body: string): string {
  for (let count = 0; ; count++) {
    const tag = `$studio${count === 0 ? '' : count}$`;
    if (!body.includes(tag)) return tag;
  }
}
