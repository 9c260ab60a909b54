import { deno } from './deno.ts';

/** Tells in the course of which request something happens, also after what was waited for. */
export interface RequestScope {
  /** Id of the request; undefined outside of one. */
  current(): string | undefined;
  /** Calls something in the course of a request. */
  run<T>(id: string | null | undefined, call: () => T): T;
}

/**
 * Uses what `AsyncLocalStorage` stands on in the runtime: to load `node:async_hooks` takes 7 ms of each start. Where it is
 * not there, what is printed tells no request.
 */
export function openRequestScope(): RequestScope {
  const core = deno[deno.internal]?.core;
  if (core?.AsyncVariable === undefined || core.setAsyncContext === undefined)
    return { current: () => undefined, run: (_id, call) => call() };
  const { AsyncVariable, setAsyncContext } = core;
  const variable = new AsyncVariable();
  return {
    current: () => variable.get() as string | undefined,
    run(id, call) {
      if (!id) return call();
      const before = variable.enter(id);
      try {
        return call();
      } finally {
        setAsyncContext(before);
      }
    },
  };
}
