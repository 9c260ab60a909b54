/** One line of CSV (RFC 4180). NULL is an empty field, an empty text a quoted one. */
export const csvLine = (cells: readonly (string | null)[]): string =>
  `${cells
    .map((cell) => {
      if (cell === null) return '';
      return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    })
    .join(',')}\r\n`;
