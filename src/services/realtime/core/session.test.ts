import { expect, test } from 'vitest';
import type { ClientConnection } from '../wire/client-connection.ts';
import { unframe } from '../wire/websocket-frame.ts';
import type { RealtimeContext } from './context.ts';
import { Rate } from './limits/rate.ts';
import { createMetrics } from './metrics.ts';
import { Session } from './session.ts';

test.each([
  [
    'at once',
    () => {
      throw new Error('broken');
    },
  ],
  ['later', () => Promise.reject(new Error('broken'))],
])('a join that fails %s for a reason nobody thought of is answered, and the socket lives on', async (_when, judge) => {
  const sent: string[] = [];
  const errors: unknown[] = [];
  const connection: ClientConnection = {
    takesBinary: true,
    listener: undefined,
    send: (frame) => sent.push(unframe(frame).payload.toString()) > 0,
    close() {},
    pause() {},
    resume() {},
  };
  const context = {
    clock: { now: () => 0 },
    log: { error: (about: { err: unknown }) => errors.push(about.err) },
    limits: () => ({ users: 0, joins: 0, channels: 0, removed: false, suspended: false, privateOnly: false }),
    rates: { joins: new Rate() },
    metrics: createMetrics(),
    judge: { judge },
    sessions: new Set(),
    users: { here: 0, elsewhere: () => 0 },
    isServing: () => true,
  } as unknown as RealtimeContext;
  const token = { text: '', claims: {}, role: 'anon', expires: 1 };
  const session = new Session(context, connection, { version: 2, token, headers: '{}', reqId: 'r1' });
  session.text('["1","1","realtime:a","phx_join",{"config":{}}]');
  session.text('[null,"2","phoenix","heartbeat",{}]');
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toEqual([
    '["1","1","realtime:a","phx_reply",{"status":"error","response":{"reason":"Unknown Error on Channel"}}]',
    '[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]',
  ]);
  expect(errors).toEqual([new Error('broken')]);
  expect(context.metrics.counters.errors).toBe(1);
});
