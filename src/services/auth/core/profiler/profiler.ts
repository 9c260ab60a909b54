import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** One CPU profile at a time: a second one would end with the first. */
export class ProfilerBusyError extends Error {
  override readonly name = 'ProfilerBusyError';
}

/** Profiles of this process in pprof's format (gzip of `profile.proto`). */
export interface Profiler {
  /** Begins a CPU profile. @returns ends it @throws ProfilerBusyError while another is taken */
  startCpu(): Promise<() => Promise<Buffer>>;
  /** What was allocated since the profiler was opened and is still live, by a sample of the heap. */
  heap(): Promise<Buffer>;
  close(): void;
}

/**
 * The profiler of rooms that follow each other. V8 samples the heap once for all who ask, so the one of a room that goes
 * would end that of the room which takes its place.
 */
export interface SharedProfiler {
  /** Opens the profiler, or goes on with it where it is open; the last `release` closes it. */
  hold(): Promise<{ readonly profiler: Profiler; release(): Promise<void> }>;
}

/** Creates the shared profiler, closed. */
export function createSharedProfiler(): SharedProfiler {
  let opened: Promise<Profiler> | undefined;
  let holds = 0;
  return {
    async hold() {
      holds++;
      opened ??= openProfiler();
      const profiler = await opened;
      return {
        profiler,
        async release() {
          if (--holds > 0) return;
          opened = undefined;
          profiler.close();
        },
      };
    },
  };
}

/** Microseconds between two looks at the stack: a hundred a second, as Go's. */
const cpuInterval = 10_000;

/** Bytes between two samples of the heap, as Go's. */
const heapInterval = 512 * 1_024;

/** Opens the profiler; the heap is sampled from now on. */
export async function openProfiler(): Promise<Profiler> {
  // Loaded for those who want profiles.
  const [{ Session }, { cpuStacks, encodeProfile, heapStacks }] = await Promise.all([
    import('node:inspector/promises'),
    import('./pprof.ts'),
  ]);
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', { samplingInterval: heapInterval });
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: cpuInterval });
  let busy = false;
  return {
    async startCpu() {
      if (busy) throw new ProfilerBusyError('cpu profiling already in use');
      busy = true;
      try {
        await session.post('Profiler.start');
      } catch (error) {
        busy = false;
        throw error;
      }
      return async () => {
        try {
          const { profile } = await session.post('Profiler.stop');
          return await compress(encodeProfile(cpuStacks(profile, cpuInterval)));
        } finally {
          busy = false;
        }
      };
    },
    async heap() {
      const { profile } = await session.post('HeapProfiler.getSamplingProfile');
      return compress(encodeProfile(heapStacks(profile, heapInterval)));
    },
    close: () => session.disconnect(),
  };
}
