import { invalid } from '../../errors.ts';

/** Which part of a list is wanted. */
export interface Page {
  readonly number: number;
  readonly size: number;
}

/** Reads `page` and `per_page`. @param most rows of a page at most @throws validation_failed */
export function readPage(query: URLSearchParams, most: number): Page {
  const number = readNumber(query.get('page'), 1);
  const size = readNumber(query.get('per_page'), 50);
  return { number: Math.max(1, number), size: Math.min(Math.max(1, size), most) };
}

function readNumber(text: string | null, standard: number): number {
  if (text === null || text === '') return standard;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 1_000_000_000)
    throw invalid(`Bad Pagination Parameters: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}

/** Reads `sort=created_at asc|desc`; newest first when it is missing. @throws validation_failed */
export function readSort(query: URLSearchParams): { readonly descending: boolean } {
  const text = query.get('sort');
  if (text === null || text === '') return { descending: true };
  const match = /^created_at(?:\s+(asc|desc))?$/i.exec(text.trim());
  if (!match) throw invalid(`Bad Sort Parameters: bad field for sort "${text}"`);
  return { descending: match[1]?.toLowerCase() !== 'asc' };
}

/** The headers that tell how a list goes on. @param path of the request, without query */
export function pageHeaders(
  path: string,
  query: URLSearchParams,
  page: Page,
  total: number,
): { readonly link: string; readonly 'x-total-count': string } {
  const last = Math.max(1, Math.ceil(total / page.size));
  const link = (number: number, rel: string): string => {
    const parameters = new URLSearchParams(query);
    parameters.set('page', String(number));
    parameters.sort();
    return `<${path}?${parameters}>; rel="${rel}"`;
  };
  const links = [...(page.number < last ? [link(page.number + 1, 'next')] : []), link(last, 'last')];
  return { link: links.join(', '), 'x-total-count': String(total) };
}
