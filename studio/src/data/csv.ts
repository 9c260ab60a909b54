/** One line of CSV (RFC 4180). NULL is an empty field, an empty text a quoted one. */
export const csvLine = (cells: readonly (string | null)[]): string =>
  `${cells
    .map((cell) => {
      if (cell === null) return '';
      return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    })
    .join(',')}\r\n`;

/** The character between fields: the one of `,`, `;` and tab that the first line has most of, outside of quotes. */
export function separatorOf(text: string): string {
  const line = /^(?:"(?:[^"]|"")*"|[^\r\n"])*/.exec(text)?.[0].replace(/"(?:[^"]|"")*"/g, '') ?? '';
  const counts = [',', ';', '\t'].map((mark) => [mark, line.split(mark).length] as const);
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** Reads CSV (RFC 4180): an empty field is NULL, a quoted one never. Empty lines count for nothing. */
export function readCsv(text: string, separator = separatorOf(text)): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  let at = 0;
  const finish = () => {
    if (row.length > 1 || row[0] !== null) rows.push(row);
    row = [];
  };
  while (at < body.length) {
    let cell: string | null;
    if (body[at] === '"') {
      cell = '';
      let begin = ++at;
      for (;;) {
        const close = body.indexOf('"', begin);
        if (close < 0) {
          cell += body.slice(begin);
          at = body.length;
          break;
        }
        cell += body.slice(begin, close);
        at = close + 1;
        if (body[at] !== '"') break;
        cell += '"';
        begin = at + 1;
      }
    } else cell = null;
    const begin = at;
    while (at < body.length && body[at] !== separator && body[at] !== '\n' && body[at] !== '\r') at++;
    if (at > begin) cell = (cell ?? '') + body.slice(begin, at);
    row.push(cell);
    if (body[at] === separator) {
      at++;
      // A separator at the very end has an empty field after it.
      if (at === body.length) row.push(null);
      continue;
    }
    if (body[at] === '\r') at++;
    if (body[at] === '\n') at++;
    finish();
  }
  if (row.length > 0) finish();
  return rows;
}
