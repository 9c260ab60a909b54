/** Where what comes waits for a while that nobody can take it. */
export interface WaitingLine {
  /** From now on what comes waits. */
  close(): void;
  /** What waits goes on, in the order in which it came. */
  open(): void;
  /** Does it, now or when it is its turn. @returns false where too much waits already */
  pass(go: () => void): boolean;
}

/** Creates a line that is open. @param most that may wait */
export function createWaitingLine(most: number): WaitingLine {
  let held: (() => void)[] | undefined;
  return {
    close() {
      held ??= [];
    },
    open() {
      const going = held ?? [];
      held = undefined;
      for (const go of going) go();
    },
    pass(go) {
      if (!held) go();
      else if (held.length >= most) return false;
      else held.push(go);
      return true;
    },
  };
}
