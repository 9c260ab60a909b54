import { mapBound } from '../../../sql/schema-map.ts';
import type { Place } from './layout.ts';

/** What this browser keeps of a map: where tables were dragged to, by id. */
export type Kept = Readonly<Record<string, Place>>;

/** Under which name the browser keeps it. */
export const keptUnder = (schema: string): string => `studio.map.${schema}`;

/** Reads what was kept; what is no place counts for nothing. */
export function readKept(text: string | null): Kept {
  const known = parse(text);
  if (known === null || typeof known !== 'object') return {};
  const places = Object.entries(known).flatMap(([id, place]) => {
    const { x, y } = (place ?? {}) as Partial<Place>;
    return Number.isFinite(x) && Number.isFinite(y) ? [[id, { x, y }] as [string, Place]] : [];
  });
  return Object.fromEntries(places.slice(-mapBound));
}

/** Keeps where a box was dragged to; of what is no longer there nothing is kept. */
export const keep = (kept: Kept, id: string, { x, y }: Place, ids: ReadonlySet<string>): Kept => ({
  ...Object.fromEntries(Object.entries(kept).filter(([each]) => ids.has(each))),
  [id]: { x: Math.round(x), y: Math.round(y) },
});

function parse(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
