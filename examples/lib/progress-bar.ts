/** What a finished load came to. */
export interface LoadFigures {
  readonly rows: number;
  readonly seconds: number;
  readonly perSecond: number;
}

/** A bar for each table that is being loaded. */
export interface ProgressBar {
  update(label: string, done: number, total: number): void;
  /** Ends the line and sums up. */
  finish(): LoadFigures;
}

const width = 28;
const number = new Intl.NumberFormat('en');

/** Draws to a terminal in place; elsewhere it writes a line when a table is done. */
export function createProgressBar(out: NodeJS.WriteStream = process.stdout): ProgressBar {
  const began = performance.now();
  let rows = 0;
  let drawn = 0;
  let current: { label: string; began: number } | undefined;
  return {
    update(label, done, total) {
      const now = performance.now();
      if (current?.label !== label) current = { label, began: now };
      const complete = done >= total;
      if (complete) rows += done;
      if (!complete && (!out.isTTY || now - drawn < 50)) return;
      drawn = now;
      const filled = Math.round((width * Math.min(done, total)) / total);
      const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
      const rate = Math.round((done / Math.max(1, now - current.began)) * 1_000);
      const line = `${label.padEnd(16)} ${bar} ${number.format(done).padStart(9)}/${number.format(total)}  ${number.format(rate)} rows/s`;
      out.write(out.isTTY ? `\r${line}\u001b[K${complete ? '\n' : ''}` : `${line}\n`);
    },
    finish() {
      const seconds = (performance.now() - began) / 1_000;
      const figures = { rows, seconds, perSecond: Math.round(rows / seconds) };
      out.write(`${number.format(rows)} rows in ${seconds.toFixed(1)} s, ${number.format(figures.perSecond)} rows/s\n`);
      return figures;
    },
  };
}
