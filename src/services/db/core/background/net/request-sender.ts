import type { Egress } from '#kernel/egress';
import type { Logger } from '#kernel/log';
import type { DbSettings } from '../../../settings.ts';
import {
  expireResponses,
  type QueuedRequest,
  type RecordedResponse,
  recordResponses,
  takeRequests,
} from '../../../sql/background/requests.ts';
import type { WorkConnection } from '../../../sql/background/work-connection.ts';
import { type BackgroundPart, isAbsent } from '../part.ts';
import { sendRequest } from './send-request.ts';

/** What sending needs. */
export interface RequestSenderOptions {
  readonly settings: Pick<DbSettings, 'netConcurrency' | 'netResponseLimit'>;
  readonly log: Logger;
  readonly egress: Egress;
}

/** Answers written by one statement. */
const writeAtOnce = 50;

const longestPause = 3_600_000;

/**
 * The other half of `pg_net`: takes requests out of the queue, sends them side by side, and writes what came back. A
 * request is out of the queue before it is sent, so it is sent at most once, whatever happens.
 */
export function createRequestSender({ settings, log, egress }: RequestSenderOptions): BackgroundPart {
  const results: RecordedResponse[] = [];
  const cutOff = new AbortController();
  let connection: WorkConnection | undefined;
  let stopping = false;
  let mayHaveMore = false;
  let taking: Promise<void> | undefined;
  let writing: Promise<void> | undefined;
  let expiry: NodeJS.Timeout | undefined;
  const underWay = new Set<Promise<void>>();

  /** @param on the connection that it failed on, which may have been replaced meanwhile */
  function failed(error: unknown, on: WorkConnection): void {
    if (on.usable && !isAbsent(error)) log.error({ err: error }, 'pg_net: the queue could not be worked on');
    if (!on.usable && connection === on) connection = undefined;
  }

  function take(): void {
    taking ??= takeAll().finally(() => {
      taking = undefined;
      // Whoever woke us after the last look was told to wait for it.
      if (mayHaveMore && roomLeft() > 0 && connection && !stopping) take();
    });
  }

  const roomLeft = () => settings.netConcurrency - underWay.size;

  async function takeAll(): Promise<void> {
    while (mayHaveMore && connection && !stopping && roomLeft() > 0) {
      mayHaveMore = false;
      const on = connection;
      try {
        const rows = await takeRequests(on, roomLeft());
        if (rows.length > 0) mayHaveMore = true;
        for (const row of rows) send(row);
      } catch (error) {
        // Whoever said meanwhile that there is more still means it.
        failed(error, on);
      }
    }
  }

  function send(row: QueuedRequest): void {
    const sending: Promise<void> = sendRequest(row, egress, settings.netResponseLimit, cutOff.signal).then((result) => {
      results.push(result);
      underWay.delete(sending);
      write();
      take();
    });
    underWay.add(sending);
  }

  function write(): void {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
  }

  async function writeAll(): Promise<void> {
    // Those that came in the same moment are written together.
    await new Promise(setImmediate);
    while (connection && results.length > 0) {
      const batch = results.slice(0, writeAtOnce);
      const on = connection;
      try {
        await recordResponses(on, batch);
        results.splice(0, batch.length);
      } catch (error) {
        // With the connection back they are tried again; what the server refuses would be refused again.
        if (on.usable) results.splice(0, batch.length);
        failed(error, on);
      }
    }
    if (connection && expiry === undefined) expire();
  }

  function expire(): void {
    if (!connection || stopping) return;
    const on = connection;
    expireResponses(on).then(
      (due) => {
        // What began on the next connection goes on by itself.
        if (on !== connection) return;
        if (due === undefined || stopping) expiry = undefined;
        else expiry = setTimeout(expire, Math.min(Math.max(due * 1_000, 1_000), longestPause)).unref();
      },
      (error: unknown) => failed(error, on),
    );
  }

  return {
    channels: ['pg_net'],
    attach(next) {
      connection = next;
      mayHaveMore = true;
      take();
      if (results.length > 0) write();
      clearTimeout(expiry);
      expire();
    },
    wake() {
      mayHaveMore = true;
      take();
    },
    async stop(signal) {
      stopping = true;
      clearTimeout(expiry);
      await taking;
      if (underWay.size > 0) signal.addEventListener('abort', () => cutOff.abort(), { once: true });
      if (signal.aborted) cutOff.abort();
      await Promise.all(underWay);
      await writing;
    },
    detail: () => ({ requestsUnderWay: underWay.size }),
  };
}
