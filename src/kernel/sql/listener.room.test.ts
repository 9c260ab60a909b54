import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { createListener, type Listener } from './listener.ts';

let own: TestDatabase;
let listener: Listener;

beforeAll(async () => {
  own = await testDatabase();
});
afterEach(() => listener.stop());
afterAll(() => own.drop());

interface Heard {
  readonly messages: string[];
  readonly errors: unknown[];
  connects: number;
}

function listen(channels: readonly string[], port = own.connection('authenticator').port): Heard {
  const heard: Heard = { messages: [], errors: [], connects: 0 };
  listener = createListener({
    connection: { ...own.connection('authenticator'), port, applicationName: 'the-listener' },
    channels,
    onNotify: (channel, payload) => heard.messages.push(`${channel}: ${payload}`),
    onConnect: () => {
      heard.connects++;
    },
    onError: (error) => heard.errors.push(error),
  });
  return heard;
}

async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it did not happen within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const terminate = () =>
  own.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'the-listener' and datname = current_database()",
  );

test('hears its channels, whatever they are called, and no others', async () => {
  const heard = listen(['pgrst', 'With "quotes"']);
  await eventually(() => heard.connects === 1);
  expect(listener.connected).toBe(true);
  await own.query(
    "select pg_notify('pgrst', 'reload schema'), pg_notify('other', 'x'), pg_notify('With \"quotes\"', '')",
  );
  await eventually(() => heard.messages.length === 2);
  expect(heard.messages).toEqual(['pgrst: reload schema', 'With "quotes": ']);
});

test('comes back after its connection is ended, and says so, since messages may be lost', async () => {
  const heard = listen(['pgrst']);
  for (let round = 1; round <= 3; round++) {
    await eventually(() => heard.connects === round);
    await terminate();
    await eventually(() => !listener.connected);
  }
  await eventually(() => heard.connects === 4);
  await own.query("notify pgrst, 'again'");
  await eventually(() => heard.messages.length === 1);
});

test('keeps trying while there is no server', async () => {
  const heard = listen(['pgrst'], 1);
  await eventually(() => heard.errors.length >= 2);
  expect(heard.errors[0]).toMatchObject({ code: 'ENOENT' });
  expect(listener.connected).toBe(false);
});

test('stops in any state, and then leaves no connection', async () => {
  listen(['pgrst']);
  await listener.stop();
  await listener.stop();
  const heard = listen(['pgrst']);
  await eventually(() => heard.connects === 1);
  await listener.stop();
  expect(listener.connected).toBe(false);
  expect(heard.errors).toEqual([]);
  const sessions = () =>
    own.query(
      "select 1 from pg_stat_activity where application_name = 'the-listener' and datname = current_database()",
    );
  let count = 1;
  for (let n = 0; n < 100 && count > 0; n++) {
    count = (await sessions()).length;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(count).toBe(0);
});
