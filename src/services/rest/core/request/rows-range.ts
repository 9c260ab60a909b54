import { restError } from '../../errors.ts';
import type { RowRange } from '../grammar/tree.ts';

/** Rows asked for at the top level. */
export interface TopRange {
  readonly offset: number;
  readonly limit: number | undefined;
}

const all: TopRange = { offset: 0, limit: undefined };
const rangeHeader = /^(\d+)-(\d*)$/;

/**
 * Joins the `Range` header (of GET only) with `limit` and `offset`.
 *
 * @throws PGRST103 when nothing can be in it
 */
export function topRange(header: string | undefined, query: RowRange | undefined): TopRange {
  if (header === undefined && query === undefined) return all;
  const { offset, limit } = query ?? { offset: undefined, limit: undefined };
  const start = Math.max(offset ?? 0, 0);
  const range = header === undefined ? null : rangeHeader.exec(header);
  if (range === null) {
    if (limit !== undefined && (limit < 0 || (limit === 0 && start > 0))) throw negativeLimit();
    return { offset: start, limit };
  }
  const lower = wholeNumber(range[1] as string);
  const upper = range[2] === '' ? Number.POSITIVE_INFINITY : wholeNumber(range[2] as string);
  if (lower > upper)
    throw restError('PGRST103', {
      details: 'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
    });
  if (limit === 0 && start === 0) return { offset: 0, limit: 0 };
  const from = Math.max(lower, start);
  const to = Math.min(upper, limit === undefined ? Number.POSITIVE_INFINITY : start + limit - 1);
  if (from > to) throw negativeLimit();
  return { offset: from, limit: to === Number.POSITIVE_INFINITY ? undefined : to - from + 1 };
}

// Beyond that a number is no longer written digit by digit.
const wholeNumber = (digits: string): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER);

const negativeLimit = () => restError('PGRST103', { details: 'Limit should be greater than or equal to zero.' });

/** `lower-upper/total` as `Content-Range` shows it. @param total undefined when not asked for */
export function contentRange(offset: number, rows: number, total: number | undefined): string {
  const range = rows > 0 && total !== 0 ? `${offset}-${offset + rows - 1}` : '*';
  return `${range}/${total ?? '*'}`;
}

/** Status of a read (PostgREST 14 docs, "Limits and Pagination"). */
export function rangeStatus(offset: number, rows: number, total: number | undefined): 200 | 206 | 416 {
  if (total === undefined) return 200;
  if (offset > total) return 416;
  return rows < total ? 206 : 200;
}
