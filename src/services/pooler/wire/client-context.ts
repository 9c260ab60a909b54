import type { Draft } from './draft.ts';
import type { SocketIo } from './native-streams.ts';

/** What all clients of a pooler share. */
export interface ClientContext {
  readonly now: () => number;
  readonly received: (bytes: number) => void;
  readonly closed: () => void;
  readonly io: SocketIo;
  readonly draft: Draft;
  /** Longest message a client may send, in bytes. */
  readonly maxMessage: number;
  /** Longest text of a statement that is remembered, in bytes. */
  readonly maxStatement: number;
}
