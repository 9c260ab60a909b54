import { restError } from '../../errors.ts';

/**
 * Turns CSV with a header line into a JSON array of objects (RFC 4180; lines may end in LF alone). Every value is
 * text, except a cell that is exactly `NULL`, quoted or not, which is null.
 *
 * @throws PGRST102
 */
export function csvToJson(text: string): { readonly json: string; readonly columns: readonly string[] } {
  const records = parseRecords(text);
  const [header, ...rows] = records;
  // The line of names has to be a whole one.
  if (header === undefined || (rows.length === 0 && !/\n/.test(text))) throw malformed(text, text.length);
  const names = header.map((name) => JSON.stringify(name));
  const objects = rows.map((row) => {
    if (row.length !== header.length)
      throw restError('PGRST102', { message: 'All lines must have same number of fields' });
    const members = row.map((cell, index) => `${names[index]}:${cell === 'NULL' ? 'null' : JSON.stringify(cell)}`);
    return `{${members.join(',')}}`;
  });
  return { json: `[${objects.join(',')}]`, columns: header };
}

function parseRecords(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [cell, next] = text[at] === '"' ? quotedCell(text, at) : bareCell(text, at);
    record.push(cell);
    at = next;
    if (text[at] === ',') {
      at++;
      if (at < text.length) continue;
      record.push('');
    } else if (text[at] === '\r' && text[at + 1] === '\n') at += 2;
    else at++;
    // A line without anything on it is no record.
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  }
  return records;
}

function bareCell(text: string, from: number): [cell: string, next: number] {
  let to = from;
  for (; to < text.length; to++) {
    const char = text[to];
    if (char === ',' || char === '\n' || (char === '\r' && text[to + 1] === '\n')) break;
    if (char === '"') throw malformed(text, to);
  }
  return [text.slice(from, to), to];
}

function quotedCell(text: string, from: number): [cell: string, next: number] {
  let to = from + 1;
  for (;;) {
    const quote = text.indexOf('"', to);
    if (quote < 0) throw malformed(text, text.length);
    to = quote + 1;
    if (text[to] !== '"') break;
    to++;
  }
  const next = text[to];
  if (next !== undefined && next !== ',' && next !== '\n' && next !== '\r') throw malformed(text, to);
  return [text.slice(from + 1, to - 1).replaceAll('""', '"'), to];
}

const shownBytes = 100;

/** In the words of upstream's parser: what it wanted, and what it found instead as a Haskell literal. */
function malformed(text: string, at: number) {
  const rest = Buffer.from(text.slice(at, at + shownBytes + 1)).toString('latin1');
  const wanted = rest === '' ? 'not enough input' : 'endOfInput';
  const found = rest.length > shownBytes ? `${rest.slice(0, shownBytes)} (truncated)` : haskellLiteral(rest);
  return restError('PGRST102', { message: `parse error (${wanted}) at ${found}` });
}

const letters: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function haskellLiteral(text: string): string {
  const escaped = text.replace(
    /["\\\n\r\t]|[^ -~](?=(\d)?)/g,
    (char, digit) => letters[char] ?? `\\${char.charCodeAt(0)}${digit === undefined ? '' : '\\&'}`,
  );
  return `"${escaped}"`;
}
