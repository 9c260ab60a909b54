import { ApiError } from '../data/client.ts';

/** Where the text an operator wrote stands in the SQL that was sent. */
export interface Sent {
  /** The operator's whole text. */
  readonly text: string;
  /** Where in it the part begins that was sent. */
  readonly from: number;
  /** What was put before that part. */
  readonly prefix: string;
}

/** Index of a place that PostgreSQL told, which counts characters from 1 and not units of UTF-16. */
export const indexOf = (text: string, place: number): number => [...text].slice(0, place - 1).join('').length;

/** Place of an error in the operator's text; undefined where it lies in what was put before. */
export function placeOf(error: unknown, { from, prefix, text }: Sent): number | undefined {
  if (!(error instanceof ApiError) || error.position === undefined) return undefined;
  const at = indexOf(prefix + text.slice(from), error.position) - prefix.length;
  return at < 0 ? undefined : Math.min(from + at, text.length);
}

/** The error as it looks for the operator's own text: its line, and a caret under the place in it. */
export function asWritten(error: unknown, sent: Sent): unknown {
  if (!(error instanceof ApiError) || error.formatted === undefined) return error;
  const place = placeOf(error, sent);
  const line = /^LINE \d+: .*\n *\^$/m;
  if (place === undefined || !line.test(error.formatted)) return error;
  const before = sent.text.slice(0, place).split('\n');
  const head = `LINE ${before.length}: `;
  const shown = sent.text.split('\n')[before.length - 1] ?? '';
  const caret = ' '.repeat(head.length + [...(before.at(-1) ?? '')].length);
  const formatted = error.formatted.replace(line, () => `${head}${shown}\n${caret}^`);
  return new ApiError(error.status, error.message, {
    code: error.code,
    formattedError: formatted,
    position: error.position,
  });
}
