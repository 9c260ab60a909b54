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

it('has its metrics on a port beside', async () => {
  const log = createLogger({ level: 'silent', redact: createRedactor([]) });
  const room = metaRoom.create({ settings, log, database: () => ({ host: '', port: 0, database: '', user: '' }) });
  await room.start(new AbortController().signal);
  const [main, metrics] = await Promise.all(
    room.mounts.map(async ({ handle }) => {
      const server = createServer((request, response) => handle(request, response));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    }),
  );
  const text = async (url = '') => (await fetch(url, { headers: { connection: 'close' } })).text();
  await text(`${main?.url}/health`);
  await expect
    .poll(() => text(`${metrics?.url}/metrics`))
    .toContain('http_request_duration_seconds_count{method="GET",route="/health",status_code="200"} 1');
  expect(await text(`${metrics?.url}/health`)).toBe('{"error":"Not found"}');
  await room.stop();
  for (const each of [main, metrics]) await new Promise((resolve) => each?.server.close(resolve));
});
