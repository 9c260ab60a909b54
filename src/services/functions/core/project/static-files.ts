import { dirname } from 'node:path';

/** The folders that hold the files of patterns: what stands before the first wildcard, or the file itself. */
export function staticFolders(patterns: readonly string[]): string[] {
  return patterns.map((pattern) => {
    const wildcard = pattern.search(/[*?{[]/);
    if (wildcard < 0) return pattern;
    return dirname(`${pattern.slice(0, wildcard)}x`);
  });
}
