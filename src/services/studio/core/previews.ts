import { randomUUID } from 'node:crypto';

/** Pages that operators made to look at, the last few of them. */
export interface Previews {
  /** @returns the id it is found by */
  add(html: string): string;
  find(id: string): string | undefined;
}

// An operator looks at one at a time.
const most = 10;

/** Creates an empty place for them. */
export function createPreviews(): Previews {
  const kept = new Map<string, string>();
  return {
    add(html) {
      const id = randomUUID();
      kept.set(id, html);
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        kept.delete(oldest);
      }
      return id;
    },
    find: (id) => kept.get(id),
  };
}
