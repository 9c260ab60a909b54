/**
 * Finds the text most like another, for hints. The measure is that of the FuzzySet libraries: cosine of the counts of
 * 3-grams (of 2-grams when nothing shares one), the best candidates measured again by edit distance.
 */
export function mostSimilar(candidates: Iterable<string>, wanted: string, least: number): string | undefined {
  return similar(candidates, wanted, least)[0]?.text;
}

/** A candidate with its likeness, 1 for the same text. */
export interface Match {
  readonly text: string;
  readonly score: number;
}

const remeasured = 50;

/** All candidates at least so alike, best first. */
export function similar(candidates: Iterable<string>, wanted: string, least: number): readonly Match[] {
  const texts = [...new Set(candidates)];
  for (const size of [3, 2]) {
    const matches = bySize(texts, wanted, size, least);
    if (matches.length > 0) return matches;
  }
  return [];
}

function bySize(texts: readonly string[], wanted: string, size: number, least: number): Match[] {
  const normal = normalise(wanted);
  const grams = countGrams(normal, size);
  const length = magnitude(grams);
  const close: { text: string; normal: string; score: number }[] = [];
  for (const text of texts) {
    const other = normalise(text);
    const theirs = countGrams(other, size);
    let dot = 0;
    for (const [gram, count] of grams) dot += count * (theirs.get(gram) ?? 0);
    if (dot > 0) close.push({ text, normal: other, score: dot / (length * magnitude(theirs)) });
  }
  close.sort((a, b) => b.score - a.score);
  return close
    .slice(0, remeasured)
    .map(({ text, normal: other }) => ({ text, score: likeness(other, normal) }))
    .filter(({ score }) => score >= least)
    .sort((a, b) => b.score - a.score);
}

const normalise = (text: string): string => text.toLowerCase();

function countGrams(text: string, size: number): Map<string, number> {
  const framed = `-${text.replace(/[^\p{L}\p{N}_, ]+/gu, '')}-`.padEnd(size, '-');
  const counts = new Map<string, number>();
  for (let at = 0; at + size <= framed.length; at++) {
    const gram = framed.slice(at, at + size);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function magnitude(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count * count;
  return Math.sqrt(sum);
}

function likeness(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - editDistance(a, b) / longest;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column] as number) + 1,
          (current[column - 1] as number) + 1,
          (previous[column - 1] as number) + cost,
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] as number;
}
