import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Presence } from './presence.ts';
import { type Delta, type Entry, Replica, type State } from './replica.ts';

const entry = (ref: string): Entry => ({ ref, previous: undefined, room: 'oroom', key: ref, meta: '{}' });
const refsOf = (replica: Replica): string[] => [...replica.entriesOf('oroom')].map(({ ref }) => ref).sort();

/** A node's history: its deltas, and its state after each. */
function history(node: string, steps: readonly (readonly [number, boolean])[]): { deltas: Delta[]; states: State[] } {
  const live = new Set<string>();
  const deltas: Delta[] = [];
  const states: State[] = [];
  for (const [index, [pick, removes]] of steps.entries()) {
    const gone = removes ? [...live].slice(0, pick % 3) : [];
    const added = removes ? [] : [`${node}${index}`];
    for (const ref of gone) live.delete(ref);
    for (const ref of added) live.add(ref);
    deltas.push({ node, from: index, to: index + 1, adds: added.map(entry), removes: gone });
    states.push({ node, clock: index + 1, entries: [...live].map(entry) });
  }
  return { deltas, states };
}

const steps = fc.array(fc.tuple(fc.nat(9), fc.boolean()), { minLength: 1, maxLength: 12 });

describe('a replica', () => {
  test('ends the same whatever arrives in whatever order and however often, once the last states did', () => {
    fc.assert(
      fc.property(steps, steps, fc.array(fc.nat(), { maxLength: 60 }), (one, two, order) => {
        const nodes = [history('a', one), history('b', two)];
        const messages = nodes.flatMap(({ deltas, states }) => [...deltas, ...states]);
        const last = nodes.map(({ states }) => states.at(-1) as State);
        const replica = new Replica();
        const seen = new Set<string>();
        const note = ({ joins, leaves }: { joins: readonly Entry[]; leaves: readonly Entry[] }) => {
          for (const { ref } of leaves) expect(seen.delete(ref)).toBe(true);
          for (const { ref } of joins) {
            expect(seen.has(ref)).toBe(false);
            seen.add(ref);
          }
        };
        for (const pick of order) {
          const message = messages[pick % messages.length] as Delta | State;
          if ('from' in message) note(replica.apply(message) ?? { joins: [], leaves: [] });
          else note(replica.merge(message));
        }
        for (const state of last) note(replica.merge(state));
        const expected = last.flatMap(({ entries }) => entries.map(({ ref }) => ref)).sort();
        expect(refsOf(replica)).toEqual(expected);
        // What was told of joins and leaves adds up to the same.
        expect([...seen].sort()).toEqual(expected);
        for (const node of ['a', 'b']) note(replica.forget(node));
        expect([...seen, ...refsOf(replica)]).toEqual([]);
      }),
    );
  });

  test('says when something is missing', () => {
    const replica = new Replica();
    expect(replica.apply({ node: 'a', from: 1, to: 2, adds: [], removes: [] })).toBeUndefined();
    expect(replica.clockOf('a')).toBeUndefined();
  });
});

test('two presences that lose messages to each other agree once a state got through', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 30 }), (actions) => {
      const nodes: Presence[] = [];
      const wanted: string[] = [];
      let isCut = false;
      const room = { isPrivate: false, name: 'room' };
      for (const [index, node] of ['a', 'b'].entries())
        nodes.push(
          new Presence({
            node,
            window: 1_000,
            outlets: {
              diff: () => {},
              delta: (delta) => void (isCut || nodes[1 - index]?.receiveDelta(delta)),
              missing: (other) => wanted.push(other),
            },
          }),
        );
      const [a, b] = nodes as [Presence, Presence];
      const refs: string[][] = [[], []];
      for (const [second, untracks, cut] of actions) {
        isCut = cut;
        const place = second ? 1 : 0;
        const own = refs[place] as string[];
        const ref = untracks ? own.pop() : undefined;
        if (ref !== undefined) nodes[place]?.untrack(ref);
        else own.push(nodes[place]?.track(room, 'key', '{}') as string);
        nodes[place]?.flush();
      }
      isCut = false;
      a.heard('b', b.clock);
      b.heard('a', a.clock);
      for (const node of new Set(wanted)) (node === 'a' ? b : a).receiveState((node === 'a' ? a : b).ownState());
      const metas = (presence: Presence) =>
        ((JSON.parse(presence.state(room)) as Record<string, { metas: { phx_ref: string }[] }>).key?.metas ?? [])
          .map(({ phx_ref: ref }) => ref)
          .sort();
      expect(metas(a)).toEqual(refs.flat().sort());
      expect(metas(b)).toEqual(metas(a));
      for (const node of nodes) node.stop();
    }),
  );
});
