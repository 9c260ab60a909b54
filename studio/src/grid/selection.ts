/** A cell by its place. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** A rectangle of cells: where it began, and where the keyboard is. */
export interface Selection {
  readonly anchor: Place;
  readonly focus: Place;
}

/** First and last row and column of a selection. */
export function boundsOf({ anchor, focus }: Selection): { top: number; left: number; bottom: number; right: number } {
  return {
    top: Math.min(anchor.row, focus.row),
    left: Math.min(anchor.column, focus.column),
    bottom: Math.max(anchor.row, focus.row),
    right: Math.max(anchor.column, focus.column),
  };
}

/** Whether a cell is in it. */
export function holds(selection: Selection | undefined, row: number, column: number): boolean {
  if (!selection) return false;
  const { top, left, bottom, right } = boundsOf(selection);
  return row >= top && row <= bottom && column >= left && column <= right;
}

const steps: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-20, 0],
  PageDown: [20, 0],
};

/**
 * The selection after a key; undefined for keys that do not move. With `extend` it grows, with `far` arrows go to the edge.
 */
export function moved(
  { anchor, focus }: Selection,
  key: string,
  { extend, far }: { readonly extend: boolean; readonly far: boolean },
  size: { readonly rows: number; readonly columns: number },
): Selection | undefined {
  const clamp = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
  let next: Place | undefined;
  const step = steps[key];
  if (step) {
    const [rows, columns] = far ? [step[0] * size.rows, step[1] * size.columns] : step;
    next = { row: clamp(focus.row + rows, size.rows), column: clamp(focus.column + columns, size.columns) };
  } else if (key === 'Home') next = { row: far ? 0 : focus.row, column: 0 };
  else if (key === 'End') next = { row: far ? clamp(size.rows, size.rows) : focus.row, column: size.columns - 1 };
  return next && { anchor: extend ? anchor : next, focus: next };
}

/** Cells as spreadsheets put them on the clipboard: tabs between, quotes around what holds tabs, line breaks or quotes. */
export const writeCells = (rows: readonly (readonly (string | null)[])[]): string =>
  rows
    .map((cells) =>
      cells
        .map((cell) => (cell !== null && /[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : (cell ?? '')))
        .join('\t'),
    )
    .join('\n');

/** Reads cells from the clipboard; a line break at the end counts for nothing. */
export function readCells(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = false;
    } else if (character === '"' && cell === '') quoted = true;
    else if (character === '\t' || character === '\n') {
      rows.at(-1)?.push(cell);
      cell = '';
      if (character === '\n') rows.push([]);
    } else if (character !== '\r') cell += character;
  }
  rows.at(-1)?.push(cell);
  if (rows.length > 1 && rows.at(-1)?.length === 1 && rows.at(-1)?.[0] === '') rows.pop();
  return rows;
}
