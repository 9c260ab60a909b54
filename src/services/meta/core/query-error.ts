import type { DatabaseError } from '#kernel/sql';

/** Every field of the server's error, as the driver names them. */
const fieldNames = [
  'length',
  'name',
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

/** What `/query` says of a refused statement: the fields of the error, and the whole as psql would print it. */
export function describeQueryError(error: DatabaseError, query: string): Readonly<Record<string, unknown>> {
  const source = error as unknown as Readonly<Record<string, unknown>>;
  const fields = Object.fromEntries(fieldNames.map((name) => [name, source[name]]));
  const formattedError = formatError(fields, error.message, query);
  return { error: formattedError, ...fields, name: 'error', message: error.message, formattedError };
}

/** The error in psql's manner, with a caret below the place the server names. */
function formatError(fields: Readonly<Record<string, unknown>>, message: string, query: string): string {
  const lines = [`${fields.severity}:  ${fields.code}: ${message}`];
  const position = Number(fields.position ?? 0);
  if (position > 0) lines.push(...placeOf(query, position));
  const said: readonly (readonly [string, unknown])[] = [
    ['DETAIL', fields.detail],
    ['HINT', fields.hint],
    ['QUERY', fields.internalQuery],
    ['CONTEXT', fields.where],
  ];
  for (const [title, text] of said) if (text) lines.push(`${title}:  ${text}`);
  return `${lines.join('\n')}\n`;
}

// Positions count characters from 1; JavaScript counts UTF-16 units, of which some characters have two.
function placeOf(query: string, position: number): readonly string[] {
  const before = [...query].slice(0, position - 1).join('');
  const start = before.lastIndexOf('\n') + 1;
  const end = query.indexOf('\n', before.length);
  const title = `LINE ${before.split('\n').length}: `;
  return [
    `${title}${query.slice(start, end < 0 ? undefined : end)}`,
    `${' '.repeat(title.length + [...before.slice(start)].length)}^`,
  ];
}
