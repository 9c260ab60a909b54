import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bus, createLocalBus, createSharedBus } from '#kernel/bus';
import type { RoomKey } from '../hub.ts';
import { Presence } from '../presence/presence.ts';
import { Nodes } from './nodes.ts';

/** A broker that hands messages only to who wants their subject. */
class Broker {
  readonly wants = new Map<string, Set<string>>();
  readonly #locals = new Map<string, Bus>();
  readonly carried: string[] = [];

  connect(name: string): Bus {
    const local = createLocalBus((error) => {
      throw error;
    });
    this.#locals.set(name, local);
    const wanted = new Set<string>();
    this.wants.set(name, wanted);
    return createSharedBus(local, {
      isConnected: true,
      send: (subject, payload) => {
        for (const [other, bus] of this.#locals) {
          if (other === name || !this.wants.get(other)?.has(subject)) continue;
          this.carried.push(`${name} ${other}`);
          bus.publish(subject, payload);
        }
      },
      want: (subject) => void wanted.add(subject),
      unwant: (subject) => void wanted.delete(subject),
      settled: () => undefined,
    });
  }

  roomsOf(name: string): string[] {
    return [...(this.wants.get(name) ?? [])].filter((subject) => subject.startsWith('realtime.room'));
  }
}

function node(broker: Broker, name: string): { nodes: Nodes; got: string[] } {
  const got: string[] = [];
  const presence = new Presence({ node: name, window: 10, outlets: { diff() {}, delta() {}, missing() {} } });
  const nodes = new Nodes({
    node: name,
    bus: broker.connect(name),
    clock: { now: () => 0 },
    interval: 1_000_000,
    timeout: 1_000_000,
    presence: () => presence,
    deliver: (room, message) => void got.push(`${room.isPrivate} ${room.name} ${message.event}`),
    tenantChanged() {},
    usersHere: () => 0,
  });
  nodes.start();
  return { nodes, got };
}

const roomOf = (name: string, isPrivate = false): RoomKey => ({ name, isPrivate });
const say = (nodes: Nodes, room: RoomKey): void => nodes.relay(room, { kind: 'text', event: 'e', payload: '{}' });

test('a node hears the rooms it has members in, and nothing is carried to the others', () => {
  const broker = new Broker();
  const [one, two, three] = ['one', 'two', 'three'].map((name) => node(broker, name)) as [
    ReturnType<typeof node>,
    ReturnType<typeof node>,
    ReturnType<typeof node>,
  ];
  broker.carried.length = 0;
  two.nodes.opened(roomOf('chat'));
  say(one.nodes, roomOf('chat'));
  expect(two.got).toEqual(['false chat e']);
  expect(three.got).toEqual([]);
  expect(broker.carried).toEqual(['one two']);
  two.nodes.closed(roomOf('chat'));
  say(one.nodes, roomOf('chat'));
  expect(broker.carried).toEqual(['one two']);
  for (const { nodes } of [one, two, three]) nodes.stop();
  expect([...broker.wants.values()].every((subjects) => subjects.size === 0)).toBe(true);
});

test('whatever rooms come and go, a node hears those that are there, on a bounded number of subjects', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 100 }), (steps) => {
      const broker = new Broker();
      const [speaker, hearer] = [node(broker, 'speaker'), node(broker, 'hearer')];
      const open = new Set<string>();
      const nameOf = (room: RoomKey): string => `${room.isPrivate} ${room.name}`;
      for (const [number, isPrivate] of steps) {
        const room = roomOf(`room ${number}`, isPrivate);
        if (open.delete(nameOf(room))) hearer.nodes.closed(room);
        else {
          open.add(nameOf(room));
          hearer.nodes.opened(room);
        }
        hearer.got.length = 0;
        say(speaker.nodes, room);
        if (open.has(nameOf(room))) expect(hearer.got).toEqual([`${nameOf(room)} e`]);
      }
      expect(broker.roomsOf('hearer').length).toBeLessThanOrEqual(open.size);
      if (open.size > 0) expect(broker.roomsOf('hearer').length).toBeGreaterThan(0);
      for (const { nodes } of [speaker, hearer]) nodes.stop();
    }),
    { numRuns: 50 },
  );
  const broker = new Broker();
  const { nodes } = node(broker, 'many');
  for (let room = 0; room < 20_000; room++) nodes.opened(roomOf(`room ${room}`));
  expect(broker.roomsOf('many').length).toBeLessThanOrEqual(1_024);
  nodes.stop();
});
