import { expect, test } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import type { Database } from '#kernel/sql';
import { createMetrics } from '../metrics.ts';
import { AccessError } from './access.ts';
import { Failures } from './failures.ts';
import { createPolicies } from './policies.ts';

const log = createLogger({ level: 'silent', redact: createRedactor([]) });
const token = { text: 't', claims: {}, role: 'anon', expires: 4_000_000_000 };

function policiesThat(fails: () => unknown, failures = new Failures(0, () => 0)) {
  let asked = 0;
  const db = {
    async pipeline() {
      asked++;
      const error = fails();
      if (error !== undefined) throw error;
      return [];
    },
  };
  const policies = createPolicies({ db: () => db as unknown as Database, log, metrics: createMetrics(), failures });
  const read = async () => {
    try {
      return await policies.readable('room', { token, headers: '{}', reqId: 'r1' }, false);
    } catch (error) {
      return error as AccessError;
    }
  };
  return { read, asked: () => asked };
}

const serverError = (code: string) => Object.assign(new Error(code), { code, severity: 'ERROR' });
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test.each([
  [
    Object.assign(new Error('no connection'), { code: 'pool_timeout' }),
    'IncreaseConnectionPool: Please increase your connection pool size',
    'unavailable',
  ],
  [
    serverError('53300'),
    "DatabaseLackOfConnections: Database can't accept more connections, Realtime won't connect",
    'unavailable',
  ],
  [
    serverError('57P03'),
    'InitializingProjectConnection: Realtime is initializing the project connection',
    'unavailable',
  ],
  [refused, 'UnableToConnectToProject: Realtime was unable to connect to the project database', 'unavailable'],
  [serverError('57014'), 'QueryCanceled: Query was cancelled, please try again', 'unavailable'],
  [serverError('22012'), 'Unauthorized: You do not have permissions to read from this Channel topic: room', 'denied'],
])('%s is told as the original does', async (error, message, why) => {
  const { read } = policiesThat(() => error);
  const answer = await read();
  expect(answer).toBeInstanceOf(AccessError);
  expect(answer).toMatchObject({ message, why });
});

test('a database that cannot be reached is left alone after so many attempts, and asked again once it answers', async () => {
  let now = 0;
  let isAway = true;
  const { read, asked } = policiesThat(() => (isAway ? refused : undefined), new Failures(3, () => now));
  for (let each = 0; each < 4; each++) await read();
  const answer = await read();
  expect(answer).toMatchObject({
    message: 'DatabaseConnectionRateLimitReached: Too many database connections attempts per second',
    why: 'unavailable',
  });
  expect(asked()).toBe(4);
  isAway = false;
  now += 1_000;
  expect(await read()).toEqual({ broadcast: false, presence: false });
  expect(await read()).toEqual({ broadcast: false, presence: false });
  expect(asked()).toBe(6);
});
