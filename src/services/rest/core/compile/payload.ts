import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import type { Parameters, SqlValue } from './parameters.ts';

/** A member of a JSON payload as a column. */
export interface PayloadColumn {
  readonly name: string;
  /** SQL text of the type it is read as. */
  readonly type: string;
  /** SQL text of a function that makes the value of its JSON. */
  readonly fromJson: string | undefined;
  /** SQL text of what a missing member becomes. */
  readonly default: string | undefined;
}

/** A JSON document whose members become the columns of `pgrst_body`. */
export interface PayloadSource {
  readonly body: Buffer;
  readonly isArray: boolean;
  readonly columns: readonly PayloadColumn[];
  readonly appliesDefaults: boolean;
  /** Only the first element of an array counts. */
  readonly onlyFirst: boolean;
}

/**
 * FROM items that end in `pgrst_body`, one row for each element. The document goes to the server as it came; with
 * defaults it has to become jsonb there, to be merged with them.
 */
export function payloadFrom(source: PayloadSource, parameters: Parameters): string {
  const { appliesDefaults, columns } = source;
  const type = appliesDefaults ? 'jsonb' : 'json';
  const document = parameters.add(documentValue(source.body, type));
  const defaults = appliesDefaults ? `, LATERAL (${defaultsSql(source)}) pgrst_json_defs` : '';
  const value = appliesDefaults ? 'pgrst_json_defs.val' : 'pgrst_payload.json_data';
  const rows = columns.length === 0 ? emptyRows(source, value, type) : recordRows(source, value, type);
  return `(SELECT ${document}::${type} AS json_data) pgrst_payload${defaults}, LATERAL (${rows}) pgrst_body`;
}

// Bytes need no decoding on the way; in binary form jsonb is preceded by its version.
function documentValue(body: Buffer, type: 'json' | 'jsonb'): SqlValue {
  return type === 'json' ? body : body.toString('utf8');
}

function defaultsSql({ isArray, columns }: PayloadSource): string {
  const members = columns
    .filter((column) => column.default !== undefined)
    .map((column) => `${quoteLiteral(column.name)}, ${column.default}`);
  const defaults = `jsonb_build_object(${members.join(', ')})`;
  return isArray
    ? `SELECT jsonb_agg(${defaults} || elem) AS val FROM jsonb_array_elements(pgrst_payload.json_data) elem`
    : `SELECT ${defaults} || pgrst_payload.json_data AS val`;
}

function emptyRows({ isArray }: PayloadSource, value: string, type: string): string {
  return isArray ? `SELECT FROM ${type}_array_elements(${value}) _` : 'SELECT FROM (VALUES (1)) _';
}

function recordRows({ isArray, columns, onlyFirst }: PayloadSource, value: string, type: string): string {
  const read = columns.map(({ name, fromJson }) => {
    const column = quoteIdentifier(name);
    return fromJson === undefined ? column : `${fromJson}(${column}) AS ${column}`;
  });
  const typed = columns.map(
    (column) => `${quoteIdentifier(column.name)} ${column.fromJson === undefined ? column.type : 'json'}`,
  );
  const limit = onlyFirst && isArray ? ' LIMIT 1' : '';
  return `SELECT ${read.join(', ')} FROM ${type}_to_record${isArray ? 'set' : ''}(${value}) AS _(${typed.join(', ')})${limit}`;
}
