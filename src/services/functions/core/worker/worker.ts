import type { FunctionDefinition } from '../project/definition.ts';
import type { LogLevel } from './control-lines.ts';
import type { ShutdownReason, Usage } from './limits.ts';

/** How a worker ended. */
export interface WorkerEnd {
  readonly reason: ShutdownReason | 'Crash';
  /** What it wrote last, where it crashed. */
  readonly lastWords: string;
}

/** Why a worker never became ready. */
export class BootFailure extends Error {
  override readonly name = 'BootFailure';
  /** True when the function serves in a way that needs another start; see `FunctionDefinition.nodeServer`. */
  readonly wantsNodeServer: boolean;

  constructor(message: string, wantsNodeServer = false) {
    super(message);
    this.wantsNodeServer = wantsNodeServer;
  }
}

/** What happens in a worker, for its function's log. */
export type WorkerNews =
  | { readonly kind: 'boot'; readonly bootTime: number }
  | { readonly kind: 'boot-failure'; readonly message: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string; readonly request?: string }
  | { readonly kind: 'exception'; readonly message: string; readonly cpu: number }
  | { readonly kind: 'shutdown'; readonly reason: ShutdownReason; readonly cpu: number; readonly memory: number };

/** A process that runs one function. */
export interface Worker {
  readonly id: string;
  readonly pid: number;
  readonly definition: FunctionDefinition;
  /** Revision of the function together with its variables. */
  readonly revision: string;
  /** Path of the socket it serves on. */
  readonly socket: string;
  /** Rejected with a {@link BootFailure}. */
  readonly ready: Promise<void>;
  readonly ended: Promise<WorkerEnd>;
  /** Undefined while it lives. */
  readonly end: WorkerEnd | undefined;
  readonly isReady: boolean;
  /** True: it gets no new requests once another can take them. */
  readonly isRetired: boolean;
  /** Requests it has to answer. */
  readonly inFlight: number;
  /** True: neither requests nor promises of `waitUntil` are open. */
  readonly isIdle: boolean;
  /** Milliseconds, of the pool's clock. */
  readonly lastUsed: number;
  readonly usage: Usage;
  /** Takes a request on. @returns what gives it back */
  begin(): () => void;
  retire(): void;
  /** Says by `beforeunload` that its end is near; once. */
  warn(reason: ShutdownReason): void;
  /** Takes a new look at what the process has used. */
  observe(cpu: number, memory: number): void;
  /** Ends it: tells it, waits a little for what it wants to do last, and ends the process. */
  stop(reason: ShutdownReason): Promise<void>;
  /** Ends the process at once. */
  kill(reason: ShutdownReason): void;
}
