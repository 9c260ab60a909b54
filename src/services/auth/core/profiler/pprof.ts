import type { HeapProfiler, Profiler } from 'node:inspector';
import { Line, Location, Function as PprofFunction, Profile, Sample, StringTable, ValueType } from 'pprof-format';

interface Frame {
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Values measured at one stack. */
interface Stack {
  /** The innermost first. */
  readonly frames: readonly Frame[];
  readonly values: readonly number[];
}

/** What is put into pprof's format. */
export interface Stacks {
  readonly stacks: readonly Stack[];
  /** Kind and unit of each value. */
  readonly types: readonly (readonly [kind: string, unit: string])[];
  /** Distance of two samples, in the unit of the last type. */
  readonly period: number;
  /** Nanoseconds; 0 = of a moment. */
  readonly duration: number;
}

const frameOf = ({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): Frame => ({
  name: functionName || '(anonymous)',
  file: url,
  line: lineNumber + 1,
});

/** The stacks of a CPU profile of V8. @param interval microseconds between two samples */
export function cpuStacks(profile: Profiler.Profile, interval: number): Stacks {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const stacks: Stack[] = [];
  for (const node of profile.nodes) {
    const hits = node.hitCount ?? 0;
    if (hits === 0 || node.callFrame.functionName === '(idle)') continue;
    const frames: Frame[] = [];
    for (let at: Profiler.ProfileNode | undefined = node; at; at = nodes.get(parents.get(at.id) ?? -1))
      if (at.callFrame.functionName !== '(root)') frames.push(frameOf(at.callFrame));
    stacks.push({ frames, values: [hits, hits * interval * 1_000] });
  }
  return {
    stacks,
    types: [
      ['samples', 'count'],
      ['cpu', 'nanoseconds'],
    ],
    period: interval * 1_000,
    duration: (profile.endTime - profile.startTime) * 1_000,
  };
}

/** The stacks of a sampling of V8's heap. @param interval bytes between two samples */
export function heapStacks({ head }: HeapProfiler.SamplingHeapProfile, interval: number): Stacks {
  const stacks: Stack[] = [];
  const walk = (node: HeapProfiler.SamplingHeapProfileNode, outer: readonly Frame[]): void => {
    const frames = node.callFrame.functionName === '(root)' ? outer : [frameOf(node.callFrame), ...outer];
    if (node.selfSize > 0) stacks.push({ frames, values: [node.selfSize] });
    for (const child of node.children) walk(child, frames);
  };
  walk(head, []);
  return { stacks, types: [['inuse_space', 'bytes']], period: interval, duration: 0 };
}

/** Encodes stacks as pprof's `profile.proto`, not compressed. */
export function encodeProfile({ stacks, types, period, duration }: Stacks): Uint8Array {
  const strings = new StringTable();
  const functions = new Map<string, PprofFunction>();
  const locations = new Map<string, Location>();

  function locationOf({ name, file, line }: Frame): number {
    const key = `${name}\n${file}\n${line}`;
    let location = locations.get(key);
    if (!location) {
      const id = locations.size + 1;
      const called = strings.dedup(name);
      functions.set(
        key,
        new PprofFunction({ id, name: called, systemName: called, filename: strings.dedup(file), startLine: line }),
      );
      location = new Location({ id, line: [new Line({ functionId: id, line })] });
      locations.set(key, location);
    }
    return Number(location.id);
  }

  const valueTypes = types.map(
    ([kind, unit]) => new ValueType({ type: strings.dedup(kind), unit: strings.dedup(unit) }),
  );
  const sample = stacks.map(
    ({ frames, values }) => new Sample({ locationId: frames.map(locationOf), value: [...values] }),
  );
  const periodType = valueTypes.at(-1);
  return new Profile({
    sampleType: valueTypes,
    sample,
    location: [...locations.values()],
    function: [...functions.values()],
    stringTable: strings,
    timeNanos: BigInt(Date.now()) * 1_000_000n,
    durationNanos: duration,
    ...(periodType && { periodType }),
    period,
  }).encode();
}
