import { quoteName, quoteQualified, quoteText } from './quote.ts';
import type { Column, Reference } from './table.ts';

const shown = 20;

/** Rows to point at, 20 at most: `value` and a text `about` each. */
export function searchReferenceSql(
  { schema, table, column }: Reference,
  columns: readonly Column[],
  text: string,
): string {
  const others = columns.filter(({ name, category }) => name !== column && 'SENDB'.includes(category)).slice(0, 3);
  const about =
    others.length === 0
      ? 'null'
      : `concat_ws(' · ', ${others.map(({ name }) => `left(${quoteName(name)}::text, 60)`).join(', ')})`;
  const texts = columns.filter(({ category }) => category === 'S' || category === 'E').slice(0, 6);
  const pattern = quoteText(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
  const conditions = [
    `${quoteName(column)}::text = ${quoteText(text)}`,
    ...texts.map(({ name }) => `${quoteName(name)}::text ilike ${pattern}`),
  ];
  return [
    `select ${quoteName(column)}::text as value, ${about} as about from ${quoteQualified(schema, table)}`,
    text !== '' && `where ${conditions.join(' or ')}`,
    `order by ${quoteName(column)} limit ${shown}`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** The row a value points at, in part: its first columns as text. */
export function peekSql({ schema, table, column }: Reference, columns: readonly Column[], value: string): string {
  const type = columns.find(({ name }) => name === column)?.type ?? 'text';
  const fields = columns.slice(0, 8).map(({ name }) => `left(${quoteName(name)}::text, 120) as ${quoteName(name)}`);
  return `select ${fields.join(', ')} from ${quoteQualified(schema, table)} where ${quoteName(column)} = ${quoteText(value)}::${type} limit 1`;
}
