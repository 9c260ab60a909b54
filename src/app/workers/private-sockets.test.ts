import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { requestContext } from '#kernel/http';
import type { Mount } from '#kernel/lifecycle';
import { createPrivateSockets } from './private-sockets.ts';

const mount: Mount = {
  name: 'inbox',
  handle: (request, response) => void response.end(requestContext(request).id),
};

it('opens a socket for each mount, and leaves nothing', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'sockets-'));
  const sockets = createPrivateSockets(() => [mount], parent);
  const { inbox } = await sockets.open();
  expect(statSync(inbox as string).isSocket()).toBe(true);
  expect(statSync(join(parent, readdirSync(parent)[0] as string)).mode & 0o777).toBe(0o700);
  // A request keeps the id that the worker gave it.
  const headers = { 'x-request-id': 'id-of-the-worker' };
  const answered = await new Promise((resolve, reject) => {
    const asking = request({ socketPath: inbox as string, headers, agent: false }, (answer) => resolve(text(answer)));
    asking.once('error', reject).end();
  });
  expect(answered).toBe('id-of-the-worker');
  await sockets.close();
  expect(readdirSync(parent)).toEqual([]);
  rmSync(parent, { recursive: true });
});

it("removes the folder of a primary that was killed, and nobody else's", async () => {
  const parent = mkdtempSync(join(tmpdir(), 'sockets-'));
  // Process ids end below this one.
  const dead = join(parent, 'pmoves-supabase-workers-4194305-abcdef');
  const alive = join(parent, `pmoves-supabase-workers-${process.ppid}-abcdef`);
  const foreign = join(parent, 'pmoves-supabase-77f6cfb82eb7');
  for (const folder of [dead, alive, foreign]) mkdirSync(folder);
  const sockets = createPrivateSockets(() => [], parent);
  await sockets.open();
  expect([dead, alive, foreign].map((folder) => existsSync(folder))).toEqual([false, true, true]);
  await sockets.close();
  rmSync(parent, { recursive: true });
});
