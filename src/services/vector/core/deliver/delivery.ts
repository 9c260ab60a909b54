import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '#kernel/errors';
import type { Logger, LogRecord } from '#kernel/log';
import { vectorError } from '../../errors.ts';
import type { Sink } from '../sinks/sink.ts';
import { type DiskBuffer, openDiskBuffer } from './disk-buffer.ts';

/** How one sink is delivered to. */
export interface DeliveryOptions {
  readonly sink: Sink;
  readonly log: Logger;
  /** Streams it gets; undefined: all. */
  readonly accepts?: ((source: string) => boolean) | undefined;
  readonly batchEvents: number;
  /** Bytes that may wait in memory. */
  readonly memory: number;
  /** Where, and how many bytes, may wait on disk; 0: none. */
  readonly disk: { readonly folder: string; readonly bytes: number };
  /** First and longest pause between attempts, in milliseconds. */
  readonly retry: { readonly first: number; readonly longest: number };
}

/** What became of records. */
export interface DeliveryFigures {
  readonly delivered: number;
  /** Lost because the buffers were full. */
  readonly dropped: number;
  /** Lost because the sink would never take them. */
  readonly refused: number;
  /** Bytes. */
  readonly waitingInMemory: number;
  readonly waitingOnDisk: number;
  /** Why the last attempt failed; undefined once one succeeds. */
  readonly failure: string | undefined;
}

/**
 * Brings records to one sink, at least once each: what it does not take is tried again for ever, waits in memory up to a
 * bound, beyond it on disk up to another; and then the oldest go.
 */
export interface Delivery {
  readonly name: string;
  readonly figures: DeliveryFigures;
  start(): Promise<void>;
  /** Takes records on; never waits. */
  push(records: readonly LogRecord[]): void;
  /** Takes records on. Fulfilled once the sink has them or the disk. @throws ServiceError `overloaded`, `refused` */
  pushSafely(records: readonly LogRecord[]): Promise<void>;
  /** Delivers what can be within `patience` milliseconds, and leaves the rest to the disk. */
  stop(patience: number): Promise<void>;
}

interface Parcel {
  readonly records: readonly LogRecord[];
  readonly bytes: number;
  readonly settle?: ((error?: unknown) => void) | undefined;
}

/** Segments of the disk buffer are this large. */
const segmentBytes = 2 * 1024 * 1024;

/** Creates a delivery; nothing is sent before `start`. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { sink, log, memory, disk, retry, batchEvents } = options;
  const waiting: Parcel[] = [];
  const counts = { delivered: 0, dropped: 0, refused: 0 };
  let bytes = 0;
  let spilling = 0;
  let failure: string | undefined;
  let buffer: DiskBuffer | undefined;
  let stopping = new AbortController();
  let draining = false;
  let running: Promise<void> | undefined;
  let wake: (() => void) | undefined;

  function accepted(records: readonly LogRecord[]): readonly LogRecord[] {
    const { accepts } = options;
    return accepts ? records.filter(({ source }) => accepts(source)) : records;
  }

  function add(records: readonly LogRecord[], settle?: Parcel['settle']): void {
    const parcel: Parcel = { records, bytes: sizeOf(records), settle };
    // Who waits for them to be safe must not wait for a sink that does not answer.
    if (settle && failure !== undefined && buffer) void spill(parcel);
    // One that is larger than the bound has to pass, too, where nothing else waits.
    else if (bytes + parcel.bytes <= memory || (bytes === 0 && disk.bytes === 0)) {
      bytes += parcel.bytes;
      waiting.push(parcel);
      wake?.();
    } else if (buffer && disk.bytes > 0 && spilling + parcel.bytes <= Math.max(memory, parcel.bytes))
      void spill(parcel);
    else lose(parcel);
  }

  function lose({ records, settle }: Parcel): void {
    counts.dropped += records.length;
    settle?.(vectorError('overloaded', { headers: { 'retry-after': '5' } }));
  }

  async function spill(parcel: Parcel): Promise<void> {
    spilling += parcel.bytes;
    try {
      await (buffer as DiskBuffer).append(parcel.records);
      parcel.settle?.();
      wake?.();
    } catch (error) {
      log.warn({ err: error, sink: sink.name }, 'events could not be kept on disk');
      lose(parcel);
    } finally {
      spilling -= parcel.bytes;
    }
  }

  /** Sends until the sink has them, or never will. @returns not done when called off before, or after one failure with `once` */
  async function send(
    records: readonly LogRecord[],
    once = false,
  ): Promise<{ readonly done: boolean; readonly refusal?: unknown }> {
    for (let pause = retry.first; ; pause = Math.min(pause * 2, retry.longest)) {
      try {
        await sink.deliver(records, stopping.signal);
        if (failure !== undefined) log.info({ sink: sink.name }, 'a sink takes events again');
        failure = undefined;
        counts.delivered += records.length;
        return { done: true };
      } catch (error) {
        if (stopping.signal.aborted) return { done: false };
        if (error instanceof ServiceError && error.code === 'refused') {
          counts.refused += records.length;
          log.warn({ sink: sink.name, events: records.length, said: error.details }, 'a sink refused events');
          return { done: true, refusal: error };
        }
        if (failure === undefined)
          log.warn({ err: error, sink: sink.name, retryIn: pause }, 'a sink takes no events; it is tried again');
        failure = (error as Error).message;
        // Nobody waits longer than for one attempt when it ends: the disk has room.
        if (draining || once) return { done: false };
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) return { done: false };
      }
    }
  }

  async function deliverWaiting(): Promise<boolean> {
    let count = 0;
    let parcels = 0;
    for (const { records } of waiting) {
      if (parcels > 0 && count + records.length > batchEvents) break;
      count += records.length;
      parcels++;
    }
    const taken = waiting.slice(0, parcels);
    const urgent = buffer !== undefined && taken.some(({ settle }) => settle !== undefined);
    const { done, refusal } = await send(
      taken.flatMap(({ records }) => records),
      urgent,
    );
    if (!done) {
      if (!urgent || stopping.signal.aborted) return false;
      waiting.splice(0, parcels);
      for (const parcel of taken) {
        bytes -= parcel.bytes;
        await spill(parcel);
      }
      await sleep(retry.first, undefined, { signal: stopping.signal }).catch(() => {});
      return false;
    }
    waiting.splice(0, parcels);
    for (const parcel of taken) {
      bytes -= parcel.bytes;
      parcel.settle?.(refusal);
    }
    return true;
  }

  async function deliverDisk(): Promise<boolean> {
    const segment = await buffer?.oldest();
    if (!segment || !buffer) return true;
    for (let at = 0; at < segment.records.length; at += batchEvents)
      if (!(await send(segment.records.slice(at, at + batchEvents))).done) return false;
    await buffer.remove(segment.name);
    return true;
  }

  async function run(): Promise<void> {
    for (let round = 0; !stopping.signal.aborted; round++) {
      const onDisk = (buffer?.bytes ?? 0) > 0;
      if (waiting.length === 0 && !onDisk) {
        if (draining) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
        continue;
      }
      // What is on disk must come along, too, while new events keep arriving.
      const fromDisk = onDisk && (waiting.length === 0 || round % 4 === 0);
      if (draining && fromDisk && waiting.length === 0) return;
      if (!(await (fromDisk ? deliverDisk() : deliverWaiting())) && draining) return;
    }
  }

  return {
    name: sink.name,
    get figures() {
      const onDisk = buffer?.bytes ?? 0;
      const dropped = counts.dropped + (buffer?.dropped ?? 0);
      return { ...counts, dropped, waitingInMemory: bytes, waitingOnDisk: onDisk, failure };
    },
    async start() {
      stopping = new AbortController();
      draining = false;
      if (disk.bytes > 0) buffer = await openDiskBuffer({ folder: disk.folder, maxBytes: disk.bytes, segmentBytes });
      running = run().catch((error: unknown) => log.error({ err: error, sink: sink.name }, 'a delivery ended'));
    },
    push(records) {
      const mine = accepted(records);
      if (mine.length > 0) add(mine);
    },
    pushSafely(records) {
      const mine = accepted(records);
      if (mine.length === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        add(mine, (error) => (error === undefined ? resolve() : reject(error)));
      });
    },
    async stop(patience) {
      draining = true;
      wake?.();
      const late = setTimeout(() => stopping.abort(), patience);
      await running;
      clearTimeout(late);
      stopping.abort();
      const left = waiting.splice(0);
      bytes = 0;
      for (const parcel of left) {
        if (buffer && disk.bytes > 0) await spill(parcel);
        else lose(parcel);
      }
      await sink.close?.();
    },
  };
}

function sizeOf(records: readonly LogRecord[]): number {
  let size = 0;
  for (const { message, metadata, extra } of records)
    size += message.length + metadata.length + (extra?.length ?? 0) + 200;
  return size;
}
