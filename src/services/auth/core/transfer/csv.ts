/**
 * Reads comma-separated values (RFC 4180): quoted fields may hold commas, line breaks and doubled quotes. A byte-order mark
 * and empty lines are passed over.
 *
 * @returns rows with the line each begins at
 * @throws Error for a quote that is never closed, or stands inside an unquoted field
 */
export function parseCsv(text: string): { readonly line: number; readonly fields: readonly string[] }[] {
  const rows: { line: number; fields: string[] }[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const row = { line, fields: [] as string[] };
    for (;;) {
      const field = text[at] === '"' ? quoted() : plain();
      row.fields.push(field);
      if (text[at] !== ',') break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (row.fields.length > 1 || row.fields[0] !== '') rows.push(row);
  }
  return rows;

  function plain(): string {
    const start = at;
    while (at < text.length && !/[,\r\n]/.test(text[at] as string)) {
      if (text[at] === '"') throw new Error(`line ${line}: a quote inside a field that is not quoted`);
      at++;
    }
    return text.slice(start, at);
  }

  function quoted(): string {
    const begun = line;
    let field = '';
    for (at++; at < text.length; at++) {
      if (text[at] === '"') {
        if (text[at + 1] !== '"') {
          at++;
          if (at < text.length && !/[,\r\n]/.test(text[at] as string))
            throw new Error(`line ${line}: text behind a closing quote`);
          return field;
        }
        at++;
      } else if (text[at] === '\n') line++;
      field += text[at];
    }
    throw new Error(`line ${begun}: a quote that is never closed`);
  }
}

/** One line of comma-separated values. */
export const csvLine = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
