import { invalid } from '../../errors.ts';
import { isUuid } from '../uuid.ts';

/** The row a page ended with. */
export interface Cursor {
  /** As the database writes it; `-infinity` for a row without. */
  readonly createdAt: string;
  readonly id: string;
}

/** A part of a list by cursor: so many rows, after one. */
export interface CursorPage {
  readonly limit: number;
  readonly after: Cursor | undefined;
}

const standardLimit = 50;
const mostRows = 1_000;
const moment = /^(-infinity|\d{4,6}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?([+-]\d{2}(:\d{2}){0,2}|Z))$/;

/** Reads `limit` and `cursor`. @throws validation_failed */
export function readCursorPage(query: URLSearchParams): CursorPage {
  const text = query.get('limit') ?? '';
  if (text !== '' && !/^\d{1,9}$/.test(text))
    throw invalid(`Bad Pagination Parameters: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  const limit = text === '' ? standardLimit : Number(text);
  if (limit === 0) throw invalid('Bad Pagination Parameters: limit must be greater than 0');
  return { limit: Math.min(limit, mostRows), after: readCursor(query.get('cursor') ?? '') };
}

function readCursor(text: string): Cursor | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const { created_at: createdAt, id } = value as Record<string, unknown>;
    if (typeof createdAt === 'string' && moment.test(createdAt) && isUuid(id)) return { createdAt, id };
  } catch {
    // Told below, like one that says something else.
  }
  throw invalid('Bad Pagination Parameters: invalid cursor');
}

/** A cursor as clients get it: base64url of JSON, which is nobody's business but ours. */
export const writeCursor = ({ createdAt, id }: Cursor): string =>
  Buffer.from(JSON.stringify({ created_at: createdAt, id })).toString('base64url');

/** The header that tells where the list goes on. @param path of the request, without query */
export function cursorLink(path: string, query: URLSearchParams, next: string): string {
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', next);
  parameters.sort();
  return `<${path}?${parameters}>; rel="next"`;
}
