import { csvLine } from '../../data/csv.ts';
import type { Row } from '../../data/sql.ts';

/** Rows as a table. */
export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The columns are those of the first row: all have the same. */
export const tableOf = (rows: readonly Row[]): ResultTable => ({ columns: Object.keys(rows[0] ?? {}), rows });

/** A value as text; null for NULL. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Whether a column holds numbers alone; PostgreSQL's long ones come as text. */
export function isNumeric({ rows }: ResultTable, column: string): boolean {
  const values = rows.slice(0, 200).flatMap((row) => row[column] ?? []);
  return (
    values.length > 0 &&
    values.every((value) => typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)))
  );
}

/** As CSV with a head. */
export const asCsv = ({ columns, rows }: ResultTable): string =>
  [csvLine(columns), ...rows.map((row) => csvLine(columns.map((column) => textOf(row[column]))))].join('');

/** As a table of Markdown. */
export function asMarkdown({ columns, rows }: ResultTable): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replace(/\r?\n/g, '<br>')).join(' | ')} |`;
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map((column) => textOf(row[column]) ?? 'NULL'))),
  ].join('\n');
}

/** Round values for an axis from 0 or below to the greatest, about five. */
export function ticksOf(least: number, greatest: number): readonly number[] {
  const [low, high] = [Math.min(0, least), Math.max(0, greatest)];
  if (low === high) return [0, 1];
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
