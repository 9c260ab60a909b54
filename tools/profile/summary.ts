/** The parts of a V8 CPU profile that the summary needs. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function with the time it was seen at work. */
export interface HotFunction {
  readonly name: string;
  readonly place: string;
  /** Milliseconds in the function itself. */
  readonly self: number;
  /** Milliseconds in it and in what it called. */
  readonly total: number;
}

/**
 * Functions by their own time, the busiest first. Idle time is left out.
 *
 * @param root folder whose prefix is taken off the places
 */
export function hotFunctions(profile: CpuProfile, root: string): HotFunction[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const keyOf = (id: number) => {
    const { functionName, url, lineNumber } = (nodes.get(id) as CpuProfile['nodes'][number]).callFrame;
    const file = url.replace('file://', '').replace(root, '');
    return `${functionName || '(anonymous)'}\t${file ? `${file}:${lineNumber + 1}` : 'native'}`;
  };
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const time = (profile.timeDeltas[index] ?? 0) / 1_000;
    const own = keyOf(id);
    if (own.startsWith('(idle)')) return;
    self.set(own, (self.get(own) ?? 0) + time);
    // Recursion: a function on the stack several times was busy once.
    const stack = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.add(keyOf(at));
    for (const key of stack) total.set(key, (total.get(key) ?? 0) + time);
  });
  return [...self]
    .sort(([, a], [, b]) => b - a)
    .map(([key, time]) => {
      const [name = '', place = ''] = key.split('\t');
      return { name, place, self: time, total: total.get(key) ?? 0 };
    });
}

/** The summary as lines of text: share of the busy time in the function itself, with what it called, name, place. */
export function renderSummary(functions: readonly HotFunction[], count: number): string[] {
  const busy = functions.reduce((sum, { self }) => sum + self, 0);
  const share = (time: number) => `${((time / busy) * 100).toFixed(1).padStart(5)} %`;
  return [
    '   self    total  function',
    ...functions
      .slice(0, count)
      .map(({ name, place, self, total }) => `${share(self)}  ${share(total)}  ${name}  ${place}`),
  ];
}
