/** Why a worker ended, in the original's words. */
export type ShutdownReason =
  | 'EventLoopCompleted'
  | 'WallClockTime'
  | 'CPUTime'
  | 'Memory'
  | 'EarlyDrop'
  | 'TerminationRequested';

/** What a worker has used since it was ready. */
export interface Usage {
  /** Milliseconds. */
  readonly age: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
  /** Bytes that are its own. */
  readonly memory: number;
}

/** How much it may use, over its whole life. */
export interface WorkerLimits {
  /** Milliseconds. */
  readonly wallClock: number;
  /** Milliseconds; from here on it gets no new requests. */
  readonly cpuSoft: number;
  /** Milliseconds. */
  readonly cpuHard: number;
  /** Bytes of its heap. */
  readonly memory: number;
}

/** What follows from its usage: the worst of it. */
export type Judgement =
  | { readonly kind: 'fine' }
  /** Another worker takes new requests. */
  | { readonly kind: 'retire' }
  /** It is told, by `beforeunload`, that its end is near. */
  | { readonly kind: 'warn'; readonly reason: LimitReason }
  | { readonly kind: 'kill'; readonly reason: LimitReason };

/** The limits that end a worker. */
export type LimitReason = Extract<ShutdownReason, 'WallClockTime' | 'CPUTime' | 'Memory'>;

/**
 * What a process needs beside the heap of the function: Deno itself, and the young generation, which V8 does not count.
 * An idle worker measured 20–30 MB.
 */
export const memoryAllowance = 64 * 1024 ** 2;

/** Part of a limit at which a worker is told. */
const warningShare = 0.9;

/** Part of the wall clock after which another worker takes over. */
const retireShare = 0.5;

/** Holds a worker's usage against its limits. */
export function judge(usage: Usage, limits: WorkerLimits): Judgement {
  const shares = [
    ['Memory', usage.memory / (limits.memory + memoryAllowance)],
    ['CPUTime', usage.cpu / limits.cpuHard],
    ['WallClockTime', usage.age / limits.wallClock],
  ] as const;
  const [reason, share] = shares.reduce((worst, each) => (each[1] > worst[1] ? each : worst));
  if (share >= 1) return { kind: 'kill', reason };
  if (share >= warningShare) return { kind: 'warn', reason };
  if (usage.cpu >= limits.cpuSoft || usage.age >= limits.wallClock * retireShare) return { kind: 'retire' };
  return { kind: 'fine' };
}

/** The reason as `beforeunload` names it. */
export const unloadReason: Readonly<Record<ShutdownReason, string>> = {
  EventLoopCompleted: 'early_drop',
  WallClockTime: 'wall_clock',
  CPUTime: 'cpu',
  Memory: 'memory',
  EarlyDrop: 'early_drop',
  TerminationRequested: 'termination',
};
