/** A line of two texts laid over each other. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Products of line counts beyond this are not compared line by line. */
const most = 4_000_000;

/** What has to go and to come for one text to be the other: the longest common lines stay. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [before === '' ? [] : before.split('\n'), after === '' ? [] : after.split('\n')];
  if (a.length * b.length > most) return [...mark(a, 'removed'), ...mark(b, 'added')];
  // Length of the longest common rest from each pair of places.
  const width = b.length + 1;
  const rest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      rest[i * width + j] =
        a[i] === b[j]
          ? 1 + (rest[(i + 1) * width + j + 1] as number)
          : Math.max(rest[(i + 1) * width + j] as number, rest[i * width + j + 1] as number);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] as string });
      i++;
      j++;
    } else if ((rest[(i + 1) * width + j] as number) >= (rest[i * width + j + 1] as number))
      lines.push({ kind: 'removed', text: a[i++] as string });
    else lines.push({ kind: 'added', text: b[j++] as string });
  }
  return [...lines, ...mark(a.slice(i), 'removed'), ...mark(b.slice(j), 'added')];
}

const mark = (lines: readonly string[], kind: DiffLine['kind']): readonly DiffLine[] =>
  lines.map((text) => ({ kind, text }));
