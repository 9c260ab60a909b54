import type { Change, Entry } from './replica.ts';

/** A client's object as an entry keeps it: without the names that are the protocol's own. */
export function metaText(payload: Readonly<Record<string, unknown>>): string {
  const { phx_ref: _ref, phx_ref_prev: _previous, ...rest } = payload;
  return JSON.stringify(rest);
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
