import { type Catalog, systemSchemas } from './catalog/catalog.ts';

/** A statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Which rows of a catalogue are wanted. */
export interface Selection {
  /** Output columns and what they have to equal, or one of what they have to. */
  readonly where?: Readonly<Record<string, unknown>>;
  /** Only these schemas, where any are named. */
  readonly includedSchemas?: readonly string[];
  readonly excludedSchemas?: readonly string[];
  /** Default true: filters on schemas are the caller's. False leaves the server's own schemas out. */
  readonly includeSystemSchemas?: boolean;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** The rows of a catalogue that are wanted, in its order. */
export function selectFrom(catalog: Catalog, selection: Selection = {}): Statement {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = Object.entries(selection.where ?? {}).map(([name, value]) =>
    Array.isArray(value) ? `"${name}" = any (${bind(value)})` : `"${name}" = ${bind(value)}`,
  );
  const { includedSchemas = [], excludedSchemas = [], includeSystemSchemas = true } = selection;
  if (catalog.schema) {
    const hidden = [...excludedSchemas, ...(includeSystemSchemas ? [] : systemSchemas)];
    if (includedSchemas.length > 0) conditions.push(`${catalog.schema} = any (${bind(includedSchemas)})`);
    if (hidden.length > 0) conditions.push(`${catalog.schema} <> all (${bind(hidden)})`);
  }
  const text = [
    `select * from (${catalog.rows}\n) as object`,
    conditions.length > 0 ? `where ${conditions.join(' and ')}` : '',
    `order by ${catalog.order}`,
    // Zero means no limit upstream.
    selection.limit ? `limit ${bind(selection.limit)}` : '',
    selection.offset ? `offset ${bind(selection.offset)}` : '',
  ];
  return { text: text.filter((line) => line !== '').join('\n'), values };
}
