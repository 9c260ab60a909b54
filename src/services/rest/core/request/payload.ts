import { restError } from '../../errors.ts';
import { type Parameter, parseParameters } from '../grammar/query-string.ts';
import { csvToJson } from './csv.ts';
import { parseMediaType } from './media-type.ts';

/** A JSON document that goes to the server as it came. */
export interface JsonPayload {
  readonly kind: 'json';
  readonly body: Buffer;
  readonly isArray: boolean;
  /** Keys of the object or of every object, sorted; undefined when the document was not looked into. */
  readonly keys: readonly string[] | undefined;
}

/** What a request carries. */
export type Payload =
  | JsonPayload
  | { readonly kind: 'form'; readonly parameters: readonly Parameter[] }
  | {
      readonly kind: 'raw';
      readonly type: 'text/plain' | 'text/xml' | 'application/octet-stream';
      readonly body: Buffer;
    };

/** Where a payload goes, which decides what it may be. */
export interface PayloadTarget {
  readonly isCall: boolean;
  /** The client says which columns count, so the document need not be understood here. */
  readonly hasColumns: boolean;
}

const emptyArray: JsonPayload = { kind: 'json', body: Buffer.from('[]'), isArray: true, keys: [] };
const emptyObject: JsonPayload = { kind: 'json', body: Buffer.from('{}'), isArray: false, keys: [] };

/** Reads a body by its content type. @throws PGRST102 */
export function parsePayload(contentType: string | undefined, body: Buffer, target: PayloadTarget): Payload {
  const type =
    contentType === undefined || contentType === 'application/json' ? 'application/json' : nameOf(contentType);
  switch (type) {
    case 'application/json':
      if (target.isCall && body.length === 0) return emptyObject;
      return target.hasColumns ? uninspected(body) : inspected(body);
    case 'text/csv': {
      const { json, columns } = csvToJson(body.toString('utf8'));
      return { kind: 'json', body: Buffer.from(json), isArray: true, keys: sortedSet(columns) };
    }
    case 'application/x-www-form-urlencoded': {
      const parameters = parseParameters(body.toString('utf8'));
      return target.isCall ? { kind: 'form', parameters } : formRow(parameters);
    }
    case 'text/plain':
    case 'text/xml':
    case 'application/octet-stream':
      if (target.isCall) return { kind: 'raw', type, body };
      throw notAcceptable(type);
    default:
      throw notAcceptable(type);
  }
}

const nameOf = (contentType: string): string => parseMediaType(contentType).name;

const notAcceptable = (type: string) => restError('PGRST102', { message: `Content-Type not acceptable: ${type}` });

function formRow(parameters: readonly Parameter[]): JsonPayload {
  const row = Object.fromEntries(parameters.map(({ name, value }) => [name, value ?? '']));
  return { kind: 'json', body: Buffer.from(JSON.stringify(row)), isArray: false, keys: Object.keys(row).sort() };
}

function uninspected(body: Buffer): JsonPayload {
  return { kind: 'json', body, isArray: startsArray(body), keys: undefined };
}

function startsArray(body: Buffer): boolean {
  for (const byte of body) {
    const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
    if (!isSpace) return byte === 0x5b;
  }
  return false;
}

function inspected(body: Buffer): JsonPayload {
  const document = parseJson(body);
  if (Array.isArray(document)) {
    if (document.length === 0) return emptyArray;
    return { kind: 'json', body, isArray: true, keys: commonKeys(document).sort() };
  }
  if (!isObject(document)) return emptyArray;
  return { kind: 'json', body, isArray: false, keys: Object.keys(document).sort() };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw restError('PGRST102');
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function commonKeys(rows: readonly unknown[]): string[] {
  const first = rows[0];
  const keys = isObject(first) ? Object.keys(first) : undefined;
  const known = keys && new Set(keys);
  const uniform =
    known !== undefined && rows.every((row, index) => index === 0 || (isObject(row) && hasSameKeys(row, known)));
  if (!uniform) throw restError('PGRST102', { message: 'All object keys must match' });
  return keys as string[];
}

function hasSameKeys(row: object, known: ReadonlySet<string>): boolean {
  const keys = Object.keys(row);
  return keys.length === known.size && keys.every((key) => known.has(key));
}

const sortedSet = (names: readonly string[]): string[] => [...new Set(names)].sort();
