/** Where it is noted which chunk was missing when the page was loaded anew: it lasts as long as the tab. */
export type Notes = Pick<Storage, 'getItem' | 'setItem'>;

const key = 'studio.reloaded-for';

// In the words of Chromium, Firefox and Safari; the last is Vite's, for the styles of a chunk.
const missing =
  /^(Failed to fetch dynamically imported module|error loading dynamically imported module|Importing a module script failed|Unable to preload CSS for)/i;

/** Whether a part of the dashboard could not be loaded: most often since another build has taken its place. */
export const isMissingChunk = (error: unknown): error is Error => error instanceof Error && missing.test(error.message);

/** Whether loading the page anew may help: it is offered once for each chunk, since what is missing then stays so. */
export function mayReload(error: Error, notes: () => Notes): boolean {
  try {
    return notes().getItem(key) !== error.message;
  } catch {
    // A browser that keeps nothing for us cannot tell.
    return true;
  }
}

/** Notes that the page is loaded anew for a chunk. */
export function noteReload(error: Error, notes: () => Notes): void {
  try {
    notes().setItem(key, error.message);
  } catch {
    // Then it is offered again.
  }
}
