import { resultColumns } from '../compile/statement.ts';

/** The one row of a main statement. */
export interface ResultRow {
  /** Rows in all, where they were counted. */
  readonly total: number | undefined;
  /** Rows of this answer. */
  readonly rows: number;
  /** As the server sent it. */
  readonly body: Buffer;
  /** Settings `response.headers` and `response.status`. */
  readonly headers: string | null;
  readonly status: string | null;
  /** Rows that are new, where that was counted. */
  readonly inserted: number | undefined;
  /** Key of the one row, as JSON array of pairs. */
  readonly location: string | null;
}

/** Reads a main statement's row. */
export function resultRow(row: readonly (Buffer | null)[]): ResultRow {
  return {
    total: numberOf(row[resultColumns.total]),
    rows: Number(row[resultColumns.rows]),
    body: row[resultColumns.body] ?? noBytes,
    headers: textOf(row[resultColumns.headers]),
    status: textOf(row[resultColumns.status]),
    inserted: numberOf(row[resultColumns.inserted]),
    location: textOf(row[resultColumns.location]),
  };
}

const noBytes = Buffer.alloc(0);
const textOf = (bytes: Buffer | null | undefined): string | null => bytes?.toString() ?? null;
const numberOf = (bytes: Buffer | null | undefined): number | undefined =>
  bytes && bytes.length > 0 ? Number(bytes.toString('latin1')) : undefined;

/** What the planner expects, from the text of `EXPLAIN (FORMAT JSON)`. */
export function plannedRows(explained: string): number {
  const plans = JSON.parse(explained) as readonly { readonly Plan: { readonly 'Plan Rows': number } }[];
  return plans[0]?.Plan['Plan Rows'] ?? 0;
}
