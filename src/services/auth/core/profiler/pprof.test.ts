import { Profile } from 'pprof-format';
import { describe, expect, it } from 'vitest';
import { cpuStacks, encodeProfile, heapStacks } from './pprof.ts';

const callFrame = (functionName: string, lineNumber: number) => ({
  functionName,
  lineNumber,
  scriptId: '1',
  url: 'file:///app.js',
  columnNumber: 0,
});

/** What a reader of the format sees. */
function read(encoded: Uint8Array) {
  const profile = Profile.decode(encoded);
  const text = (at: unknown) => profile.stringTable.strings[Number(at)];
  const functions = new Map(profile.function.map((each) => [Number(each.id), text(each.name)]));
  const locations = new Map(
    profile.location.map(({ id, line }) => [
      Number(id),
      `${functions.get(Number(line[0]?.functionId))}:${line[0]?.line}`,
    ]),
  );
  return {
    types: profile.sampleType.map(({ type, unit }) => [text(type), text(unit)]),
    samples: profile.sample.map(({ locationId, value }) => [
      locationId.map((id) => locations.get(Number(id))),
      value.map(Number),
    ]),
    period: Number(profile.period),
    duration: Number(profile.durationNanos),
    locations: locations.size,
  };
}

describe("profiles in pprof's format", () => {
  it('have the stacks of a CPU profile, the innermost first, without idle time', () => {
    const nodes = [
      { id: 1, callFrame: callFrame('(root)', -1), hitCount: 0, children: [2, 5] },
      { id: 2, callFrame: callFrame('outer', 9), hitCount: 2, children: [3, 4] },
      { id: 3, callFrame: callFrame('', 19), hitCount: 1 },
      { id: 4, callFrame: callFrame('outer', 9), hitCount: 4 },
      { id: 5, callFrame: callFrame('(idle)', -1), hitCount: 90 },
    ];
    expect(read(encodeProfile(cpuStacks({ nodes, startTime: 1_000, endTime: 1_001_000 }, 10_000)))).toEqual({
      types: [
        ['samples', 'count'],
        ['cpu', 'nanoseconds'],
      ],
      samples: [
        [['outer:10'], [2, 20_000_000]],
        [
          ['(anonymous):20', 'outer:10'],
          [1, 10_000_000],
        ],
        [
          ['outer:10', 'outer:10'],
          [4, 40_000_000],
        ],
      ],
      period: 10_000_000,
      duration: 1_000_000_000,
      locations: 2,
    });
  });

  it('have the live bytes of a sampling of the heap', () => {
    const leaf = { id: 3, callFrame: callFrame('keeps', 4), selfSize: 4_096, children: [] };
    const head = {
      id: 1,
      callFrame: callFrame('(root)', -1),
      selfSize: 0,
      children: [{ id: 2, callFrame: callFrame('serve', 0), selfSize: 0, children: [leaf] }],
    };
    expect(read(encodeProfile(heapStacks({ head }, 524_288)))).toEqual({
      types: [['inuse_space', 'bytes']],
      samples: [[['keeps:5', 'serve:1'], [4_096]]],
      period: 524_288,
      duration: 0,
      locations: 2,
    });
  });
});
