import type { Control } from './control.ts';
import { replace } from './deno.ts';

/** Tells a function what becomes of its worker, by the original's events. */
export interface Life {
  /** A limit is near, or the worker is not needed any more. */
  unload(reason: string): void;
  /** All requests of a worker that gets no new ones are answered. */
  drain(): void;
  end(): void;
}

/** Defines `EdgeRuntime` and the events `beforeunload`, `drain` and `unload`. */
export function defineLife(control: Control): Life {
  let count = 0;
  function waitUntil(promise: Promise<unknown>): Promise<unknown> {
    count++;
    control.send({ t: 'waiting', count });
    const settled = () => {
      count--;
      control.send({ t: 'waiting', count });
    };
    Promise.resolve(promise).then(settled, (error: unknown) => {
      control.report('error', `a promise given to waitUntil was rejected: ${textOf(error)}`);
      settled();
    });
    return promise;
  }
  replace(globalThis, 'EdgeRuntime', Object.freeze({ waitUntil }));
  const tell = (event: Event) => {
    try {
      globalThis.dispatchEvent(event);
    } catch (error) {
      control.report('error', textOf(error));
    }
  };
  return {
    unload(reason) {
      tell(new CustomEvent('beforeunload', { detail: { reason } }));
      control.send({ t: 'unloaded' });
    },
    drain: () => tell(new Event('drain')),
    end() {
      tell(new Event('unload'));
      control.exit(0);
    },
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? String(error)) : String(error));
