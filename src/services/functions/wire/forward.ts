import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Outgoing, outgoingOf } from './outgoing.ts';
import { type ExchangeOutcome, type ForwardFailure, WorkerConnection } from './worker-connection.ts';

export type { ForwardFailure };

/** Connections to one worker at most; more requests wait. */
const connections = 1_024;

/** A worker as far as requests are sent to it. */
export interface Destination {
  /** Path of its socket. */
  readonly socket: string;
  readonly ended: Promise<unknown>;
}

/** Connections to workers over their sockets, kept between requests. */
export class Forwarder {
  readonly #links = new Map<string, WorkerLink>();
  readonly #idleTimeout: number;
  readonly #now: () => number;

  /** @param idleTimeout milliseconds a function may be silent within a request */
  constructor(idleTimeout: number, now: () => number) {
    this.#idleTimeout = idleTimeout;
    this.#now = now;
  }

  /**
   * Sends a request to a worker and its answer back, both as they come.
   *
   * @returns the failure, where the answer could not be given to its end
   */
  async forward(
    worker: Destination,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<ForwardFailure | undefined> {
    const link = this.#linkOf(worker);
    const made = outgoingOf(request);
    const outgoing = made instanceof Promise ? await made : made;
    if (outgoing === undefined) return 'aborted';
    const outcome = await link.exchange(outgoing, response, false);
    if (outcome !== 'stale') return outcome;
    const again = await link.exchange(outgoing, response, true);
    return again === 'stale' ? 'broken' : again;
  }

  #linkOf({ socket, ended }: Destination): WorkerLink {
    const known = this.#links.get(socket);
    if (known) return known;
    const link = new WorkerLink((onClose) => new WorkerConnection(socket, this.#idleTimeout, this.#now, onClose));
    this.#links.set(socket, link);
    void ended.then(() => {
      this.#links.delete(socket);
      link.end();
    });
    return link;
  }
}

/** The connections to one worker. */
class WorkerLink {
  readonly #open: (onClose: (connection: WorkerConnection) => void) => WorkerConnection;
  readonly #all = new Set<WorkerConnection>();
  readonly #idle: WorkerConnection[] = [];
  readonly #waiting: ((connection: WorkerConnection) => void)[] = [];
  #isOver = false;

  constructor(open: (onClose: (connection: WorkerConnection) => void) => WorkerConnection) {
    this.#open = open;
  }

  async exchange(outgoing: Outgoing, response: ServerResponse, isFresh: boolean): Promise<ExchangeOutcome> {
    const connection =
      this.#take(isFresh) ?? (await new Promise<WorkerConnection>((resolve) => this.#waiting.push(resolve)));
    const outcome = response.destroyed ? 'aborted' : await connection.exchange(outgoing, response);
    this.#give(connection);
    return outcome;
  }

  /** Nothing is kept any more; requests that are under way end as their connections do. */
  end(): void {
    this.#isOver = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  readonly #onClose = (connection: WorkerConnection): void => {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    const next = this.#waiting.shift();
    if (next) next(this.#opened());
  };

  #take(isFresh: boolean): WorkerConnection | undefined {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (!isFresh && kept.isUsable) return kept;
      kept.destroy();
    }
    return this.#all.size < connections ? this.#opened() : undefined;
  }

  #opened(): WorkerConnection {
    const connection = this.#open(this.#onClose);
    this.#all.add(connection);
    return connection;
  }

  #give(connection: WorkerConnection): void {
    if (!connection.isUsable || this.#isOver) {
      connection.destroy();
      return;
    }
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
  }
}
