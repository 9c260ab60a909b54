/**
 * Reads CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes) with a header line.
 *
 * @returns one object a line, all values as text
 */
export function parseCsv(text: string): Record<string, string>[] {
  const [header = [], ...records] = split(text);
  return records.map((record) => Object.fromEntries(header.map((name, at) => [name, record[at] ?? ''])));
}

function split(text: string): string[][] {
  const records: string[][] = [];
  const record: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',' || character === '\n') {
      record.push(field);
      field = '';
      if (character === '\n') records.push(record.splice(0));
    } else if (character !== '\r') field += character;
  }
  if (field !== '' || record.length > 0) records.push([...record, field]);
  return records;
}
