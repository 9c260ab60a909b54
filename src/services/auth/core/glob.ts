/**
 * Patterns of the redirect allow list. `*` is a run of characters other than `.` and `/`, `**` any run, `?` one character
 * other than those, `[abc]` `[!abc]` `[a-z]` a class, `{a,b}` a choice, `\` takes the next character as it is. A pattern
 * covers the whole text. Matching walks all possibilities at once, so its time is bounded by length × pattern.
 */
export interface Glob {
  readonly pattern: string;
  matches(text: string): boolean;
}

/** Consumes one character if it passes, then goes on at `next`; without a test it goes on at all of `to` for free. */
type State =
  | { readonly kind: 'take'; readonly passes: (character: string) => boolean; next: number }
  | { readonly kind: 'fork'; to: number[] }
  | { readonly kind: 'end' };

const isSeparator = (character: string): boolean => character === '.' || character === '/';

/** Compiles a pattern. @throws Error when brackets or braces do not pair */
export function compileGlob(pattern: string): Glob {
  const characters = [...pattern];
  const states: State[] = [];
  let at = 0;
  let depth = 0;

  const add = (state: State): number => states.push(state) - 1;
  const take = (passes: (character: string) => boolean): number => {
    const index = add({ kind: 'take', passes, next: 0 });
    (states[index] as State & { kind: 'take' }).next = index + 1;
    return index;
  };

  function readRun(passes: (character: string) => boolean): void {
    const fork = add({ kind: 'fork', to: [] });
    const step = take(passes);
    (states[step] as State & { kind: 'take' }).next = fork;
    (states[fork] as State & { kind: 'fork' }).to = [step, step + 1];
  }

  function readClass(): void {
    const negated = characters[at] === '!';
    if (negated) at++;
    const singles = new Set<string>();
    const ranges: [string, string][] = [];
    for (; characters[at] !== ']'; at++) {
      if (characters[at] === '\\') at++;
      const from = characters[at];
      if (from === undefined) throw new Error('a [ is not closed');
      const to = characters[at + 2];
      if (characters[at + 1] === '-' && to !== undefined && to !== ']') {
        ranges.push([from, to]);
        at += 2;
      } else singles.add(from);
    }
    at++;
    if (singles.size + ranges.length === 0) throw new Error('a class is empty');
    take((c) => (singles.has(c) || ranges.some(([from, to]) => c >= from && c <= to)) !== negated);
  }

  function readChoice(): void {
    const fork = add({ kind: 'fork', to: [] });
    const exits: number[] = [];
    depth++;
    for (;;) {
      (states[fork] as State & { kind: 'fork' }).to.push(states.length);
      readSequence();
      exits.push(add({ kind: 'fork', to: [] }));
      const stop = characters[at++];
      if (stop === undefined) throw new Error('a { is not closed');
      if (stop === '}') break;
    }
    depth--;
    for (const exit of exits) (states[exit] as State & { kind: 'fork' }).to = [states.length];
  }

  function readSequence(): void {
    while (at < characters.length) {
      const character = characters[at] as string;
      if (depth > 0 && (character === ',' || character === '}')) return;
      at++;
      if (character === '*') {
        const any = characters[at] === '*';
        while (characters[at] === '*') at++;
        readRun(any ? () => true : (c) => !isSeparator(c));
      } else if (character === '?') take((c) => !isSeparator(c));
      else if (character === '[') readClass();
      else if (character === '{') readChoice();
      else if (character === '}') throw new Error('a } opens nowhere');
      else {
        const literal = character === '\\' ? characters[at++] : character;
        if (literal === undefined) throw new Error('a \\ escapes nothing');
        take((c) => c === literal);
      }
    }
  }

  readSequence();
  add({ kind: 'end' });
  return { pattern, matches: (text) => run(states, text) };
}

function run(states: readonly State[], text: string): boolean {
  let current = new Set<number>();
  const reach = (into: Set<number>, first: number): void => {
    const open = [first];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (into.has(index)) continue;
      into.add(index);
      const state = states[index] as State;
      if (state.kind === 'fork') open.push(...state.to);
    }
  };
  reach(current, 0);
  for (const character of text) {
    const following = new Set<number>();
    for (const index of current) {
      const state = states[index] as State;
      if (state.kind === 'take' && state.passes(character)) reach(following, state.next);
    }
    if (following.size === 0) return false;
    current = following;
  }
  return current.has(states.length - 1);
}
