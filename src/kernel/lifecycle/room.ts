import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MetricFamily } from '#kernel/metrics';

/** `starting` until the first success, `unhealthy` with a reason afterwards, `stopped` once stopped. */
export type RoomStatus = 'starting' | 'healthy' | 'unhealthy' | 'stopped';

/** What a room says of itself. `detail` never holds a secret: it is shown to anybody who may ask for health. */
export interface Health {
  readonly status: RoomStatus;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * A handler the gateway can put behind a public path. It gets Node's own request with `url` already stripped of the
 * public prefix, so no socket lies between gateway and room.
 */
export interface Mount {
  /** Name by which the gateway's route table refers to this handler, e.g. `rest`. */
  readonly name: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * A running part of the product.
 *
 * - `start` may be called again after it failed; it must honour `signal`.
 * - `stop` works after a half-finished start and never throws for things that are already gone.
 */
export interface Room<Api = unknown> {
  readonly mounts: readonly Mount[];
  readonly api: Api;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /**
   * Another room has taken its place: what is under way goes on until `stop`, but what it does of itself is the other's from
   * now on. Absent: it does nothing of itself, or what two may do at once.
   */
  leave?(): void;
  health(): Health | Promise<Health>;
  /** What the room counts, under the names of the service it stands for; it holds no secret. Absent: it counts nothing. */
  metrics?(): readonly MetricFamily[] | Promise<readonly MetricFamily[]>;
}

/** How a room presents itself to the composition root: `create` has no side effects. */
export interface RoomDefinition<Deps, Api = unknown> {
  readonly name: string;
  create(deps: Deps): Room<Api>;
}
