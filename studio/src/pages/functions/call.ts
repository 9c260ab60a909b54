import { type Answer, type Call, call } from '../../data/call.ts';

/** For whom a function is called: with the server's key, the key of visitors, or without any. */
export const callers = { service: 'Server (service_role)', anon: 'Visitor (anon)', none: 'Nobody (no token)' } as const;

/** One of them. */
export type Caller = keyof typeof callers;

/** A request to a function. */
export interface FunctionCall extends Call {
  readonly as: Caller;
  /** Behind the function's name. */
  readonly path: string;
}

/** Calls a function, as `call` does. */
export const callFunction = (
  slug: string,
  { path, ...request }: FunctionCall,
  tell: (answer: Answer) => void,
  signal: AbortSignal,
): Promise<void> => call(`invoke/${encodeURIComponent(slug)}${path}`, request, tell, signal);
