import { storageError } from '../errors.ts';

/** Where a listing goes on. */
export interface ListCursor {
  /** Full name of the last entry. */
  readonly last: string;
  readonly order?: 'asc' | 'desc';
  readonly column?: 'name' | 'updated_at' | 'created_at';
  /** Value of the sort column at the last entry, ISO 8601. */
  readonly after?: string;
}

/** Writes a cursor: base64 of lines `l:<last name>`, `o:<order>`, `c:<column>`, `a:<time>`, those that are there. */
export function encodeCursor({ last, order, column, after }: ListCursor): string {
  const lines = [
    `l:${last}`,
    ...(order ? [`o:${order}`] : []),
    ...(column ? [`c:${column}`] : []),
    ...(after ? [`a:${after}`] : []),
  ];
  return Buffer.from(lines.join('\n')).toString('base64');
}

/** Reads a cursor. @throws InvalidParameter */
export function decodeCursor(text: string): ListCursor {
  const refuse = () => storageError('InvalidParameter', { message: 'Invalid Parameter cursor' });
  const values = new Map<string, string>();
  for (const line of Buffer.from(text, 'base64').toString('utf8').split('\n')) {
    if (line[1] !== ':') throw refuse();
    values.set(line[0] as string, line.slice(2));
  }
  const last = values.get('l');
  const order = values.get('o');
  const column = values.get('c');
  const after = values.get('a');
  if (last === undefined || last.includes('\0')) throw refuse();
  if (order !== undefined && order !== 'asc' && order !== 'desc') throw refuse();
  if (column !== undefined && !isColumn(column)) throw refuse();
  if (after !== undefined && Number.isNaN(Date.parse(after))) throw refuse();
  return { last, ...(order && { order }), ...(column && { column }), ...(after && { after }) };
}

const isColumn = (text: string): text is NonNullable<ListCursor['column']> =>
  ['name', 'updated_at', 'created_at'].includes(text);
