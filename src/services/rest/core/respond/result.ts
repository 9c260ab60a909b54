import { resultColumns } from '../compile/statement.ts';

/** The one row of a main statement. */
export interface ResultRow {
  /** Rows in all, where they were counted. */
  readonly total: number | undefined;
  /** Rows of this answer. */
  readonly rows: number;
  readonly body: string;
  /** Settings `response.headers` and `response.status`. */
  readonly headers: string | null;
  readonly status: string | null;
  /** Rows that are new, where that was counted. */
  readonly inserted: number | undefined;
  /** Key of the one row, as JSON array of pairs. */
  readonly location: string | null;
}

/** Reads the texts of a main statement's row. */
export function resultRow(row: readonly (string | null)[]): ResultRow {
  return {
    total: numberOf(row[resultColumns.total]),
    rows: Number(row[resultColumns.rows]),
    body: row[resultColumns.body] ?? '',
    headers: row[resultColumns.headers] ?? null,
    status: row[resultColumns.status] ?? null,
    inserted: numberOf(row[resultColumns.inserted]),
    location: row[resultColumns.location] ?? null,
  };
}

const numberOf = (text: string | null | undefined): number | undefined => (text ? Number(text) : undefined);

/** What the planner expects, from the text of `EXPLAIN (FORMAT JSON)`. */
export function plannedRows(explained: string): number {
  const plans = JSON.parse(explained) as readonly { readonly Plan: { readonly 'Plan Rows': number } }[];
  return plans[0]?.Plan['Plan Rows'] ?? 0;
}
