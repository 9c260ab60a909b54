import { fieldTexts } from '../../wire/json-slice.ts';
import type { Change, Entry } from './replica.ts';

/**
 * A client's object as an entry keeps it: each value as it was written, without the names that are the protocol's own.
 *
 * @param text of a JSON object
 */
export function metaText(text: string): string {
  const fields = fieldTexts(text);
  for (const name of ['phx_ref', 'phx_ref_prev']) fields.delete(name);
  return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

function entryText({ ref, previous, meta }: Entry): string {
  const prev = previous === undefined ? '' : `,"phx_ref_prev":${JSON.stringify(previous)}`;
  return `{"phx_ref":${JSON.stringify(ref)}${prev}${meta === '{}' ? '}' : `,${meta.slice(1)}`}`;
}

/** JSON text of entries by key: `{key: {"metas": […]}}`, the payload of `presence_state`. */
export function stateText(entries: Iterable<Entry>): string {
  const byKey = new Map<string, string[]>();
  for (const entry of entries) {
    const metas = byKey.get(entry.key);
    if (metas) metas.push(entryText(entry));
    else byKey.set(entry.key, [entryText(entry)]);
  }
  const keys = [...byKey].map(([key, metas]) => `${JSON.stringify(key)}:{"metas":[${metas.join(',')}]}`);
  return `{${keys.join(',')}}`;
}

/** JSON text of a `presence_diff`. */
export const diffText = ({ joins, leaves }: Change): string =>
  `{"joins":${stateText(joins)},"leaves":${stateText(leaves)}}`;
