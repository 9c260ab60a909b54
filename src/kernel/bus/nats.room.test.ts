import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Cable,
  hasNatsServer,
  layCable,
  type NatsServer,
  startNatsServer,
} from '../../../test/support/nats-server.ts';
import { freePorts } from '../../../test/support/ports.ts';
import { createLocalBus } from './local-bus.ts';
import { createNatsBus, type NatsBus } from './nats.ts';

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await sleep(10);
  }
}

const busTo = (port: number): NatsBus => busOf([`nats://127.0.0.1:${port}`]);

const busOf = (servers: readonly string[]): NatsBus =>
  createNatsBus({
    servers,
    prefix: 'stops',
    local: createLocalBus(() => {}),
    onState: () => {},
  });

describe.skipIf(!hasNatsServer)('a bus over NATS', () => {
  let nats: NatsServer | undefined;
  let cable: Cable | undefined;

  beforeAll(async () => {
    nats = await startNatsServer();
    cable = await layCable(nats.port);
  });
  afterAll(async () => {
    await cable?.close();
    await nats?.stop();
  });

  it('stops while its server is away, and can be started again', async () => {
    const { port, cut, mend } = cable as Cable;
    const bus = busTo(port);
    const other = busTo((nats as NatsServer).port);
    const heard: unknown[] = [];
    bus.subscribe('said', (payload) => void heard.push(payload));
    bus.start();
    other.start();
    await until('the connections', () => bus.isConnected && other.isConnected);
    cut();
    await until('the loss', () => !bus.isConnected);
    await bus.stop();
    mend();
    bus.start();
    await until('the connection again', () => bus.isConnected);
    await bus.settled();
    other.publish('said', { n: 1 });
    // What was said last before a stop still leaves.
    await other.stop();
    await until('the message', () => heard.length > 0);
    expect(heard).toEqual([{ n: 1 }]);
    await bus.stop();
    await bus.stop();
    expect(bus.isConnected).toBe(false);
  });

  it('stops when it was never connected, and a connection that comes later is closed', async () => {
    const [port = 0] = await freePorts(1);
    const bus = busTo(port);
    bus.start();
    await bus.stop();
    const late = await startNatsServer({ port });
    // Connected by then, were it not for the stop.
    const other = busTo(port);
    other.start();
    await until('the other', () => other.isConnected);
    await sleep(300);
    expect(bus.isConnected).toBe(false);
    await other.stop();
    await late.stop();
  });

  it.each([
    ['user and password', ['--user', 'us@er', '--pass', 'p:w'], 'us%40er:p%3Aw'],
    ['a token', ['--auth', 'the-token'], 'the-token'],
  ])('logs in with %s, at the one of several servers that is there', async (_what, args, login) => {
    const guarded = await startNatsServer({ args });
    const [absent = 0] = await freePorts(1);
    const refused = busTo(guarded.port);
    const bus = busOf([`nats://127.0.0.1:${absent}`, `nats://${login}@127.0.0.1:${guarded.port}`]);
    refused.start();
    bus.start();
    await until('the connection', () => bus.isConnected);
    expect(refused.isConnected).toBe(false);
    await Promise.all([bus.stop(), refused.stop()]);
    await guarded.stop();
  });
});
