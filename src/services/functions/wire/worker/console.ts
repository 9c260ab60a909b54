import type { Control } from './control.ts';
import { deno } from './deno.ts';
import type { RequestScope } from './request-scope.ts';

const levels = ['debug', 'info', 'warning', 'error'] as const;

/** Characters of one entry at most; what is longer is cut. */
const longest = 32_768;

/** Makes what a function prints with `console` structured events instead of text, with the request they belong to. */
export function forwardConsole(control: Control, scope: Pick<RequestScope, 'current'>): void {
  const { Console } = deno[deno.internal] ?? {};
  if (Console === undefined) return;
  const forwarding = new Console((text, level) => {
    const line = text.endsWith('\n') ? text.slice(0, -1) : text;
    const request = scope.current();
    const of = request === undefined ? {} : { request };
    control.send({ t: 'log', level: levels[level] ?? 'info', text: line.slice(0, longest), ...of });
  });
  const target = globalThis.console as unknown as Record<string, unknown>;
  for (const name of Object.keys(forwarding)) target[name] = (forwarding as Record<string, unknown>)[name];
}
