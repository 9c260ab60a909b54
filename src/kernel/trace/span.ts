import { AsyncLocalStorage } from 'node:async_hooks';

/** What a span says of itself, by the names of OpenTelemetry's semantic conventions. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Something that takes time, and belongs to what caused it. */
export interface Span {
  /** Begins a part of it. @param kind `client`: a request to another server */
  child(name: string, kind: 'internal' | 'client', attributes?: Attributes): Span;
  set(attributes: Attributes): void;
  /** @param failure why it did not succeed; never a secret */
  end(failure?: string): void;
  /** The header that makes what is asked of others part of the trace. */
  readonly traceparent: string;
}

// No state: what it holds belongs to the call it was begun in, and there is none outside of `within`.
const active = new AsyncLocalStorage<Span>();

/** The span in which this is called; undefined, at next to no cost, where nothing is traced. */
export const activeSpan = (): Span | undefined => active.getStore();

/** Calls something as part of a span. */
export const within = <T>(span: Span, call: () => T): T => active.run(span, call);
