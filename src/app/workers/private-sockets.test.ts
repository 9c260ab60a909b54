import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPrivateSockets } from './private-sockets.ts';

const mount = { name: 'inbox', handle: () => {} };

it('opens a socket for each mount, and leaves nothing', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'sockets-'));
  const sockets = createPrivateSockets(() => [mount], parent);
  const { inbox } = await sockets.open();
  expect(statSync(inbox as string).isSocket()).toBe(true);
  expect(statSync(join(parent, readdirSync(parent)[0] as string)).mode & 0o777).toBe(0o700);
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
