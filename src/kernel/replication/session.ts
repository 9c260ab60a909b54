import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import {
  asDatabaseError,
  type Client,
  type ConnectionOptions,
  connectClient,
  connectReplication,
  type ReplicationConnection,
} from '#kernel/sql';
import type { ChangeRing, LogEntry } from './change-ring.ts';
import { readFrame, statusFrame } from './frames.ts';
import type { ChangeLogState } from './log-state.ts';
import { lsnOf, positionOf } from './position.ts';
import {
  assertLogicalServer,
  createSlot,
  dropSlot,
  existingPublications,
  inspectSlot,
  type SlotState,
  slotName,
  startCommand,
  terminateReader,
} from './slot.ts';
import { TransactionReader } from './transaction-reader.ts';

/** What changed about the state. */
export type SessionReport = Partial<ChangeLogState>;

/** What reading the slot for a while needs. */
export interface SessionOptions {
  readonly connection: () => ConnectionOptions;
  readonly publications: readonly string[];
  readonly slotLimit: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ring: ChangeRing;
  readonly report: (change: SessionReport) => void;
  readonly append: (entry: LogEntry, stream: ReplicationConnection) => void;
  readonly signal: AbortSignal;
}

/** Key of the advisory lock; such locks are a database's own. */
const electionLock = 7_312_046_581;
const electionEvery = 500;
const statusEvery = 1_000;
const inspectEvery = 5_000;
/** How long a former owner's reader may hold the slot. */
const patience = 2_000;

/**
 * Waits for the lock, and reads the slot while it is held. Ends, by an error, when either connection is lost, when the stream
 * fails, or when the slot has to be made anew.
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { signal, report } = options;
  const client = await connectClient(options.connection());
  const over = new AbortController();
  client.pg.on('end', () => over.abort(new Error('the connection to the database was lost')));
  client.pg.on('error', (error: unknown) => over.abort(error));
  const either = AbortSignal.any([signal, over.signal]);
  // A server that waits for us to stop would otherwise be waited for.
  const cut = () => void client.pg.end().catch(() => {});
  signal.addEventListener('abort', cut, { once: true });
  try {
    await assertLogicalServer(client);
    await electAsOwner(client, either, report);
    report({ phase: 'catching-up', owner: true });
    const name = await slotName(client);
    const slot = await prepareSlot(client, name, options);
    await readSlot(client, name, slot, options, either);
  } catch (error) {
    throw over.signal.aborted && !signal.aborted ? over.signal.reason : error;
  } finally {
    signal.removeEventListener('abort', cut);
    // The lock goes with the connection.
    await client.pg.end().catch(() => {});
  }
}

// Trying, since a statement that waits would hold a snapshot and with it every vacuum.
async function electAsOwner(client: Client, signal: AbortSignal, report: SessionOptions['report']): Promise<void> {
  // A machine that vanished must not keep the lock for hours; these have no effect on Unix sockets.
  await client.pg.query(
    "select set_config('tcp_keepalives_idle', '4', false), set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '2', false)",
  );
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await client.pg.query<{ won: boolean }>('select pg_try_advisory_lock($1) as won', [electionLock]);
    if (rows[0]?.won) return;
    report({ phase: 'waiting', owner: false, reason: 'another node reads the changes' });
    await sleep(electionEvery, undefined, { signal });
  }
}

async function prepareSlot(client: Client, name: string, options: SessionOptions): Promise<SlotState> {
  const { ring, log, slotLimit } = options;
  const found = await inspectSlot(client, name);
  if (found && !found.isLost && found.retainedBytes <= slotLimit) {
    markGap(options, found.confirmed);
    ring.open(found.confirmed);
    return found;
  }
  if (found) {
    log.warn(
      { slot: name, retainedBytes: found.retainedBytes, lost: found.isLost },
      'the replication slot is given up; changes since it was last read are missing',
    );
    await dropSlot(client, name, found.activePid);
  }
  const start = await createSlot(client, name);
  log.info({ slot: name }, 'replication slot made');
  markGap(options, start);
  ring.open(start);
  return (await inspectSlot(client, name)) as SlotState;
}

// Nothing that was committed between what was read last and where the stream begins will ever come.
function markGap({ ring, append }: SessionOptions, start: bigint): void {
  const { head } = ring;
  if (head === undefined || lsnOf(head) >= start) return;
  append({ kind: 'gap', after: head, position: positionOf(start) }, idle);
}

const idle: ReplicationConnection = {
  stream: () => Promise.resolve(),
  send: () => {},
  pause: () => {},
  resume: () => {},
  close: () => {},
};

async function readSlot(
  client: Client,
  name: string,
  slot: SlotState,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { ring, clock, report } = options;
  const publications = await existingPublications(client, options.publications);
  if (publications.length === 0) throw new Error(`none of the publications ${options.publications.join(', ')} exists`);
  const stream = await connectReplication(options.connection());
  let sentUpTo = slot.confirmed;
  let isStreaming = false;
  let flushed = slot.confirmed;
  const confirm = (wantsReply: boolean): void => {
    const floor = ring.prune(clock.now(), sentUpTo);
    if (floor !== undefined && floor > flushed) flushed = floor;
    stream.send(statusFrame(flushed, clock.now(), wantsReply));
  };
  const reached = (lsn: bigint): void => {
    if (lsn > sentUpTo) sentUpTo = lsn;
    ring.advance(lsn, clock.now());
    if (isStreaming || lsn < slot.walEnd) return;
    isStreaming = true;
    report({ phase: 'streaming', owner: true });
  };
  const reader = new TransactionReader({ onChange: (change) => options.append(change, stream), onCommit: reached });
  const onFrame = (bytes: Buffer): void => {
    const frame = readFrame(bytes);
    if (frame.kind === 'data') {
      reader.read(frame.payload);
      return;
    }
    if (!reader.isInside) reached(frame.sentUpTo);
    if (frame.wantsReply) confirm(false);
  };
  let broken: unknown;
  const fail = (error: unknown): void => {
    broken ??= error;
    stream.close();
  };
  const close = (): void => fail(signal.reason);
  signal.addEventListener('abort', close, { once: true });
  const inspect = async (): Promise<void> => {
    const state = await inspectSlot(client, name);
    if (!state || state.isLost) return fail(new Error('the replication slot was lost'));
    const lag = state.walEnd - sentUpTo;
    report({ retainedBytes: state.retainedBytes, lagBytes: lag > 0n ? Number(lag) : 0 });
    if (state.retainedBytes > options.slotLimit) fail(new Error('the replication slot holds back too much WAL'));
  };
  const status = setInterval(() => confirm(!isStreaming), statusEvery);
  const inspection = setInterval(() => void inspect().catch(fail), inspectEvery);
  try {
    signal.throwIfAborted();
    // Asked at once, the answer says how far the server has come.
    const asking = setTimeout(() => confirm(true), 20);
    await startStream(client, name, publications, stream, onFrame).finally(() => clearTimeout(asking));
    throw new Error('the server ended the stream of changes');
  } catch (error) {
    await giveUpUnreadable(client, name, error, options);
    throw broken ?? error;
  } finally {
    clearInterval(status);
    clearInterval(inspection);
    signal.removeEventListener('abort', close);
    stream.close();
  }
}

async function startStream(
  client: Client,
  name: string,
  publications: readonly string[],
  stream: ReplicationConnection,
  onFrame: (bytes: Buffer) => void,
): Promise<void> {
  for (let waited = 0; ; waited += 100) {
    try {
      return await stream.stream(startCommand(name, publications), onFrame);
    } catch (error) {
      // 55006: a former owner's reader, which may not have noticed yet.
      if (asDatabaseError(error)?.code !== '55006') throw error;
      const state = await inspectSlot(client, name);
      if (waited >= patience && state?.activePid !== undefined) await terminateReader(client, state.activePid);
      if (waited >= patience * 4) throw error;
      await sleep(100);
    }
  }
}

// A publication that did not exist when a change was made stops the stream at this change for good (before PostgreSQL 18).
async function giveUpUnreadable(client: Client, name: string, error: unknown, options: SessionOptions): Promise<void> {
  if (asDatabaseError(error)?.code !== '42704') return;
  options.log.warn({ slot: name, err: error }, 'the stream of changes cannot go on here; a new slot is made');
  const state = await inspectSlot(client, name);
  if (state) await dropSlot(client, name, state.activePid);
}
