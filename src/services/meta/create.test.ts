import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { createLogger, createRedactor } from '#kernel/log';
import { metaRoom } from './create.ts';
import { metaSettings } from './settings.ts';

const { values: settings } = resolveSettings(metaSettings, { env: {}, files: [], alone: true });

it('answers 503 while it does not run, and can be started again', async () => {
  const log = createLogger({ level: 'silent', redact: createRedactor([]) });
  const room = metaRoom.create({ settings, log, database: () => ({ host: '', port: 0, database: '', user: '' }) });
  const server = createServer((request, response) => room.mounts[0]?.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  const status = async () => (await fetch(url, { headers: { connection: 'close' } })).status;
  const seen = [await status()];
  for (let round = 0; round < 2; round++) {
    await room.start(new AbortController().signal);
    seen.push(...(await Promise.all([status(), status()])));
    await room.stop();
    seen.push(await status());
  }
  expect(seen).toEqual([503, 200, 200, 503, 200, 200, 503]);
  await new Promise((resolve) => server.close(resolve));
});
