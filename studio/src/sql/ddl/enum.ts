import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** A value of an enum. */
export interface EnumValue {
  /** What it is called now; undefined: it is new. */
  readonly was: string | undefined;
  readonly label: string;
}

/** An enum as somebody wants it. */
export interface EnumDraft {
  readonly schema: string;
  readonly name: string;
  readonly values: readonly EnumValue[];
  readonly comment: string;
}

/** Asks for one enum: `schema`, `name`, `labels`, `comment`. @param id its oid */
export const describeEnum = (
  id: number,
): string => `select n.nspname as schema, t.typname as name, coalesce(obj_description(t.oid, 'pg_type'), '') as comment,
  (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]') from pg_enum e where e.enumtypid = t.oid) as labels
from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.oid = ${Math.trunc(id)}`;

/** What is wrong with it, in words; undefined: nothing. */
export function enumProblem({ name, values }: EnumDraft): string | undefined {
  if (name.trim() === '') return 'An enum has a name';
  if (values.some(({ label }) => label === '')) return 'Every value says something';
  if (values.some(({ label }) => new TextEncoder().encode(label).length > 63)) return 'A value has 63 bytes at most';
  if (new Set(values.map(({ label }) => label)).size < values.length) return 'No two values are the same';
  return undefined;
}

/** Statements that make the enum, or one of another, in one transaction; empty: they are alike. Values never go: the server cannot. */
export function enumSql(before: EnumDraft | undefined, after: EnumDraft): string {
  const statements: string[] = [];
  if (!before) {
    const labels = after.values.map(({ label }) => quoteText(label)).join(', ');
    statements.push(`create type ${quoteQualified(after.schema, after.name)} as enum (${labels})`);
  } else {
    const type = quoteQualified(before.schema, before.name);
    const rename = (from: string, to: string) =>
      statements.push(`alter type ${type} rename value ${quoteText(from)} to ${quoteText(to)}`);
    const renamed = after.values.flatMap(({ was, label }) =>
      was === undefined || was === label ? [] : [{ was, label }],
    );
    // By way of names nobody has, so that two may be exchanged.
    const taken = new Set(before.values.map(({ label }) => label));
    const isCrossing = renamed.some(({ label }) => taken.has(label));
    for (const [at, { was, label }] of renamed.entries()) rename(was, isCrossing ? `__renamed_${at}` : label);
    if (isCrossing) for (const [at, { label }] of renamed.entries()) rename(`__renamed_${at}`, label);
    for (const [at, { was, label }] of after.values.entries()) {
      if (was !== undefined) continue;
      const [previous, next] = [
        after.values[at - 1],
        after.values.slice(at + 1).find((each) => each.was !== undefined),
      ];
      const place = previous ? ` after ${quoteText(previous.label)}` : next ? ` before ${quoteText(next.label)}` : '';
      statements.push(`alter type ${type} add value ${quoteText(label)}${place}`);
    }
    if (before.name !== after.name) statements.push(`alter type ${type} rename to ${quoteName(after.name)}`);
  }
  if ((before?.comment ?? '') !== after.comment)
    statements.push(
      `comment on type ${quoteQualified(after.schema, after.name)} is ${after.comment === '' ? 'null' : quoteText(after.comment)}`,
    );
  return statements.map((statement) => `${statement};`).join('\n');
}

/** Drops a type. */
export const dropTypeSql = (schema: string, name: string, cascade: boolean): string =>
  `drop type ${quoteQualified(schema, name)}${cascade ? ' cascade' : ''};`;
