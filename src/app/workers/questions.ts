/** Answers that are waited for, each for a bounded time. */
export interface Questions<T> {
  /** @param ask is given the number that the answer will carry; @returns undefined when none came in time */
  ask(ask: (id: number) => void): Promise<T | undefined>;
  answer(id: number, value: T): void;
}

/** @param patience milliseconds */
export function createQuestions<T>(patience: number): Questions<T> {
  const open = new Map<number, (value: T | undefined) => void>();
  let last = 0;
  return {
    ask: (ask) =>
      new Promise((resolve) => {
        const id = ++last;
        const settle = (value: T | undefined) => {
          clearTimeout(timer);
          open.delete(id);
          resolve(value);
        };
        const timer = setTimeout(() => settle(undefined), patience);
        open.set(id, settle);
        ask(id);
      }),
    answer: (id, value) => open.get(id)?.(value),
  };
}
