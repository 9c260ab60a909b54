import { readCsv } from '../data/csv.ts';
import { quoteName, quoteQualified, quoteText } from './quote.ts';
import type { Column } from './table.ts';

/** Rows of a file: what each calls its fields, and their values as text. */
export interface ImportFile {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * Reads CSV with a head, a JSON array of objects, or a JSON object a line.
 *
 * @throws Error saying what is wrong
 */
export function readImport(name: string, text: string): ImportFile {
  if (!/\.(json|ndjson|jsonl)$/i.test(name)) {
    const [head, ...rows] = readCsv(text);
    if (!head) throw new Error('The file is empty');
    return { fields: head.map((field, at) => (field ?? '').trim() || `column ${at + 1}`), rows };
  }
  const objects = readObjects(text);
  const fields = [...new Set(objects.flatMap((each) => Object.keys(each)))];
  return { fields, rows: objects.map((each) => fields.map((field) => textOf(each[field]))) };
}

function readObjects(text: string): readonly Readonly<Record<string, unknown>>[] {
  const found: unknown = /^\s*\[/.test(text)
    ? JSON.parse(text)
    : text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as unknown);
  if (!Array.isArray(found) || found.some((each) => each === null || typeof each !== 'object' || Array.isArray(each)))
    throw new Error('The file has to hold an array of objects, or one object a line');
  return found as Record<string, unknown>[];
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Which column each field goes to: that of its name, however written; null: none. */
export const matchFields = (fields: readonly string[], columns: readonly Column[]): readonly (string | null)[] => {
  const plain = (name: string) => name.toLowerCase().replace(/[\s_-]+/g, '');
  const open = columns.filter(({ generated }) => !generated);
  return fields.map(
    (field) =>
      (open.find(({ name }) => name === field) ?? open.find(({ name }) => plain(name) === plain(field)))?.name ?? null,
  );
};

/** Statements of one batch at most: so many rows, and so many characters. */
const batch = { rows: 1_000, size: 800_000 };

/** Inserts the rows, a statement for each batch, with the number of its last row. */
export function* importSql(
  target: { readonly schema: string; readonly name: string; readonly columns: readonly Column[] },
  { rows }: ImportFile,
  into: readonly (string | null)[],
): Generator<{ readonly sql: string; readonly upTo: number }> {
  const taken = into.flatMap((name, at) => {
    const column = target.columns.find((each) => each.name === name);
    return column ? [{ column, at }] : [];
  });
  const head = `insert into ${quoteQualified(target.schema, target.name)} (${taken.map(({ column }) => quoteName(column.name)).join(', ')}) values\n`;
  let lines: string[] = [];
  let size = 0;
  for (const [index, row] of rows.entries()) {
    const values = taken.map(({ column, at }) => valueSql(column, row[at] ?? null));
    const line = `(${values.join(', ')})`;
    lines.push(line);
    size += line.length;
    if (lines.length < batch.rows && size < batch.size && index < rows.length - 1) continue;
    yield { sql: head + lines.join(',\n'), upTo: index + 1 };
    lines = [];
    size = 0;
  }
}

function valueSql({ category, type }: Column, value: string | null): string {
  if (value === null) return 'null';
  // JSON's way of writing a list, where PostgreSQL has one of its own.
  if (category === 'A' && value.startsWith('['))
    return `array(select jsonb_array_elements_text(${quoteText(value)}))::${type}`;
  return `${quoteText(value)}::${type}`;
}
