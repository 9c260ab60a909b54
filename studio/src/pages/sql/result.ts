import { csvLine } from '../../data/csv.ts';
import type { Row, StatementResult } from '../../data/sql.ts';

/** Rows as a table. */
export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** A name that is given twice is there once, with the later value. */
export const tableOf = ({ columns, rows }: Pick<StatementResult, 'columns' | 'rows'>): ResultTable => ({
  columns: [...new Set(columns)],
  rows,
});

/** What a statement is called where there are several: its beginning. */
export const titleOfStatement = (sql: string): string => {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > 28 ? `${line.slice(0, 27)}…` : line;
};

const changing = /^(INSERT|UPDATE|DELETE|MERGE|COPY)$/;

/** What came of a statement, in words. @param limit rows that were asked for at most; 0: all */
export function describeResult(
  { command, count, columns, rows, took }: Omit<StatementResult, 'notices'>,
  limit: number,
): string {
  const rowsOf = (many: number) => `${many.toLocaleString('en')} ${many === 1 ? 'row' : 'rows'}`;
  const time = `in ${Math.round(took).toLocaleString('en')} ms`;
  if (columns.length === 0)
    return changing.test(command) && count !== null
      ? `${command}: ${rowsOf(count)} ${time}`
      : `${command || 'Done'}, done ${time}`;
  const all = rows.length === 0 ? 'Done; no rows' : rowsOf(rows.length);
  return `${all} ${time}${limit > 0 && rows.length === limit ? `, the first ${limit.toLocaleString('en')} only` : ''}`;
}

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
