import { restError } from '../../errors.ts';
import type { Answer } from './answer.ts';
import { headerText, isHeaderName, isHeaderValue } from './header-text.ts';
import type { ResultRow } from './result.ts';

/** Headers that say where a message ends. */
const framing: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);

/**
 * Applies `response.headers` and `response.status`, which SQL may set. Headers take the place of the server's own and
 * may repeat.
 *
 * @throws PGRST111, PGRST112
 */
export function applyResponseSettings(
  answer: Answer,
  { headers, status }: Pick<ResultRow, 'headers' | 'status'>,
): Answer {
  if (headers === null && status === null) return answer;
  return {
    ...answer,
    status: status === null ? answer.status : statusOf(status),
    statusText: status === null ? answer.statusText : undefined,
    headers: headers === null ? answer.headers : merged(answer.headers, pairsOf(headers)),
  };
}

function statusOf(text: string): number {
  const status = Number(/^\d+/.exec(text)?.[0] ?? Number.NaN);
  if (!(status >= 200 && status <= 999)) throw restError('PGRST112');
  return status;
}

function pairsOf(text: string): [name: string, value: string][] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw restError('PGRST111');
  }
  if (!Array.isArray(list)) throw restError('PGRST111');
  return list.map((item: unknown) => {
    const entries = typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.entries(item) : [];
    const [name, value] = entries[0] ?? [];
    const isHeader = entries.length === 1 && typeof name === 'string' && typeof value === 'string';
    if (!isHeader || !isHeaderName(name) || !isHeaderValue(value)) throw restError('PGRST111');
    return [name, headerText(value)];
  });
}

function merged(own: Answer['headers'], given: readonly (readonly [string, string])[]): Answer['headers'] {
  const replaced = new Map<string, { name: string; values: string[] }>();
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    if (framing.has(key)) continue;
    const known = replaced.get(key);
    if (known) known.values.push(value);
    else replaced.set(key, { name, values: [value] });
  }
  const result: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(own)) if (!replaced.has(name.toLowerCase())) result[name] = value;
  for (const { name, values } of replaced.values()) result[name] = values.length === 1 ? (values[0] as string) : values;
  return result;
}
