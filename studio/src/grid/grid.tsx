import { useVirtualizer } from '@tanstack/react-virtual';
import { type ClipboardEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { classes } from '../design/classes.ts';
import styles from './grid.module.css';
import { boundsOf, holds, moved, type Place, readCells, type Selection, writeCells } from './selection.ts';

/** A column of the grid. */
export interface GridColumn {
  readonly title: string;
  /** Said beside the title, e.g. the type. */
  readonly about: string;
  /** In pixels. */
  readonly width: number;
  readonly isNumber: boolean;
  /** False: the grid opens no editor here. */
  readonly editable: boolean;
}

/** What a cell shows. */
export interface GridCell {
  /** null is NULL; undefined is what the database will put there. */
  readonly text: string | null | undefined;
  readonly edited: boolean;
}

/** Rows and columns from the first to the last, by their places. */
export type GridRange = ReturnType<typeof boundsOf>;

/** The grid's content and what can be done with it. Rows and columns are named by their place. */
export interface GridProps {
  readonly label: string;
  readonly columns: readonly GridColumn[];
  readonly rows: number;
  readonly cell: (row: number, column: number) => GridCell;
  /** The whole text of a cell, to be copied, where `cell` gives a part of it. */
  readonly whole?: (row: number, column: number) => string | null;
  /** Copies a range in place of the grid, where it is not all in view. @returns false: the grid copies what it has */
  readonly onCopy?: (range: GridRange) => boolean;
  readonly state?: (row: number) => 'new' | 'deleted' | undefined;
  /** Drawn behind a column's title. */
  readonly headerEnd?: (column: number) => ReactNode;
  readonly checked?: { readonly has: (row: number) => boolean; readonly toggle: (row: number) => void };
  /** Draws the editor of a cell. @param typed the character that opened it */
  readonly editor?: (place: Place, typed: string | undefined, close: () => void) => ReactNode;
  readonly onPaste?: (at: Place, cells: readonly (readonly string[])[]) => void;
  /** Called when the last rows come into view. */
  readonly onEnd?: () => void;
}

const rowHeight = 32;
const gutter = 44;

/**
 * A spreadsheet of any length: only rows in view are drawn. Arrows move, Shift extends, Enter or typing edits, and ranges are
 * copied and pasted as spreadsheets do (ARIA grid with `aria-activedescendant`).
 */
export function Grid(props: GridProps) {
  const { label, columns, rows, cell, whole, state, headerEnd, checked, editor, onPaste, onEnd } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const [selection, setSelection] = useState<Selection>();
  const [editing, setEditing] = useState<{ readonly place: Place; readonly typed: string | undefined }>();
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows > 0 && lastShown >= rows - 40) onEnd?.();
  }, [lastShown, rows, onEnd]);

  const lefts: number[] = [];
  let width = checked ? gutter : 0;
  for (const column of columns) {
    lefts.push(width);
    width += column.width;
  }

  function show({ row, column }: Place): void {
    virtual.scrollToIndex(row, { align: 'auto' });
    const element = scroll.current;
    const left = lefts[column] ?? 0;
    const right = left + (columns[column]?.width ?? 0);
    if (!element) return;
    if (left - gutter < element.scrollLeft) element.scrollLeft = Math.max(0, left - gutter);
    else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
  }

  function open(place: Place, typed?: string): void {
    if (editor && columns[place.column]?.editable && state?.(place.row) !== 'deleted') setEditing({ place, typed });
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (editing || event.target !== scroll.current || rows === 0) return;
    const current = selection ?? { anchor: { row: 0, column: 0 }, focus: { row: 0, column: 0 } };
    const command = event.ctrlKey || event.metaKey;
    const next = moved(current, event.key, { extend: event.shiftKey, far: command }, { rows, columns: columns.length });
    if (next) {
      event.preventDefault();
      setSelection(next);
      show(next.focus);
    } else if (event.key === 'Enter' || event.key === 'F2') {
      event.preventDefault();
      open(current.focus);
    } else if (event.key === ' ' && checked) {
      event.preventDefault();
      checked.toggle(current.focus.row);
    } else if (event.key.length === 1 && !command && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      open(current.focus, event.key);
    }
  }

  function onCopy(event: ClipboardEvent): void {
    if (!selection || editing) return;
    const { top, left, right, ...range } = boundsOf(selection);
    const bottom = Math.min(range.bottom, rows - 1);
    event.preventDefault();
    if (props.onCopy?.({ top, left, bottom, right })) return;
    const cells: (string | null)[][] = [];
    for (let row = top; row <= bottom; row++) {
      const line: (string | null)[] = [];
      for (let column = left; column <= right; column++)
        line.push(whole ? whole(row, column) : (cell(row, column).text ?? null));
      cells.push(line);
    }
    event.clipboardData.setData('text/plain', writeCells(cells));
  }

  const focusId = selection && `cell-${selection.focus.row}-${selection.focus.column}`;
  return (
    <div
      ref={scroll}
      role="grid"
      aria-label={label}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length + (checked ? 1 : 0)}
      aria-activedescendant={focusId}
      aria-multiselectable="true"
      tabIndex={0}
      className={styles.scroll}
      onKeyDown={onKeyDown}
      onCopy={onCopy}
      onPaste={(event) => {
        if (!selection || editing || !onPaste) return;
        event.preventDefault();
        const { top, left } = boundsOf(selection);
        onPaste({ row: top, column: left }, readCells(event.clipboardData.getData('text/plain')));
      }}
    >
      <div className={styles.inner} role="presentation" style={{ height: virtual.getTotalSize() + rowHeight, width }}>
        <div className={styles.head} role="row" aria-rowindex={1}>
          {checked && (
            <div role="columnheader" className={classes(styles.cell, styles.gutter)}>
              <span className="visually-hidden">Chosen</span>
            </div>
          )}
          {columns.map(({ title, about, width: own }, at) => (
            <div key={title} role="columnheader" className={classes(styles.cell, styles.title)} style={{ width: own }}>
              <span>{title}</span>
              <small>{about}</small>
              {headerEnd?.(at)}
            </div>
          ))}
        </div>
        {items.map(({ index: row, start }) => {
          const kind = state?.(row);
          return (
            <div
              key={row}
              role="row"
              aria-rowindex={row + 2}
              className={classes(styles.row, kind === 'new' && styles.isNew, kind === 'deleted' && styles.isDeleted)}
              style={{ transform: `translateY(${start + rowHeight}px)` }}
            >
              {checked && (
                <div role="gridcell" className={classes(styles.cell, styles.gutter)}>
                  <input
                    type="checkbox"
                    tabIndex={-1}
                    aria-label={`Choose row ${row + 1}`}
                    checked={checked.has(row)}
                    onChange={() => checked.toggle(row)}
                  />
                </div>
              )}
              {columns.map(({ title, width: own, isNumber }, column) => {
                const { text, edited } = cell(row, column);
                const place = { row, column };
                const isFocus = selection?.focus.row === row && selection.focus.column === column;
                return (
                  <div
                    key={title}
                    id={`cell-${row}-${column}`}
                    role="gridcell"
                    aria-selected={holds(selection, row, column)}
                    className={classes(
                      styles.cell,
                      (text === null || text === undefined) && styles.null,
                      isNumber && styles.number,
                      edited && styles.edited,
                      holds(selection, row, column) && styles.selected,
                      isFocus && styles.focus,
                    )}
                    style={{ width: own }}
                    onMouseDown={(event) => {
                      if (event.button !== 0) return;
                      event.preventDefault();
                      scroll.current?.focus({ preventScroll: true });
                      setSelection({ anchor: event.shiftKey && selection ? selection.anchor : place, focus: place });
                    }}
                    onMouseEnter={(event) => {
                      if (event.buttons === 1 && selection) setSelection({ ...selection, focus: place });
                    }}
                    onDoubleClick={() => open(place)}
                  >
                    {text === null ? 'NULL' : text === undefined ? 'default' : text}
                  </div>
                );
              })}
            </div>
          );
        })}
        {editing && editor && (
          <div
            className={styles.editor}
            style={{
              top: (editing.place.row + 1) * rowHeight,
              left: lefts[editing.place.column],
              width: Math.max(220, columns[editing.place.column]?.width ?? 0),
            }}
          >
            {editor(editing.place, editing.typed, () => {
              setEditing(undefined);
              scroll.current?.focus({ preventScroll: true });
            })}
          </div>
        )}
      </div>
    </div>
  );
}
