import { type IncomingMessage, ServerResponse } from 'node:http';

/**
 * Makes the class of a server's responses: under load, answers that are ready in the turn of the event loop in which their
 * requests came are sent together at its end.
 *
 * Each write wakes the client, and waking one that has gone to sleep meanwhile is dearer than the write itself: sent one by
 * one between the requests, answers cost up to 30 µs more each than sent in a row. Where requests come one at a time there is
 * nothing to gain, and what somebody else has been waited for comes in a row anyway: these are sent at once.
 */
export function gatheredResponses(): typeof ServerResponse<IncomingMessage> {
  let waiting: (() => void)[] = [];
  /** Requests that came in this turn, and in the last one in which any came. */
  let coming = 0;
  let cameLast = 0;
  let turn = 0;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(endTurn);
  }

  function endTurn(): void {
    isScheduled = false;
    turn++;
    cameLast = coming;
    coming = 0;
    const sending = waiting;
    waiting = [];
    for (const send of sending) send();
  }

  class GatheredResponse extends ServerResponse {
    isWaiting = false;
    readonly #turn = turn;

    constructor(...parameters: ConstructorParameters<typeof ServerResponse>) {
      super(...parameters);
      coming++;
      schedule();
    }

    override end(...parameters: unknown[]): this {
      // What was ended has its end already.
      if (this.isWaiting) {
        const told = parameters.find((parameter) => typeof parameter === 'function');
        if (told) this.once('finish', told as () => void);
        return this;
      }
      const isGathered = this.#turn === turn && (coming > 1 || cameLast > 1);
      // Without its head written, or with what cannot be written, the caller has to see at once what becomes of it.
      if (!isGathered || !this.headersSent || this.destroyed || !isContent(parameters[0]))
        return this.#send(parameters);
      this.isWaiting = true;
      waiting.push(() => {
        this.isWaiting = false;
        if (!this.destroyed) this.#send(parameters);
      });
      return this;
    }

    #send(parameters: unknown[]): this {
      return (super.end as (...given: unknown[]) => this).apply(this, parameters);
    }
  }
  // Whoever asks has to hear that nothing more can be written, sent or not.
  Object.defineProperty(GatheredResponse.prototype, 'writableEnded', {
    get(this: GatheredResponse & { readonly finished: boolean }) {
      return this.isWaiting || this.finished;
    },
  });
  return GatheredResponse as typeof ServerResponse<IncomingMessage>;
}

const isContent = (chunk: unknown): boolean =>
  chunk === undefined || chunk === null || typeof chunk === 'string' || chunk instanceof Uint8Array;
