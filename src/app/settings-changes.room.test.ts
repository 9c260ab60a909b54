import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWebSockets } from '#kernel/http';
import { createTestStacks, type RunningStack } from './testing/stack-under-test.ts';

const { run, closers, closeAll } = createTestStacks();
afterAll(closeAll);

/** Gives a running stack other settings, as the folder of settings does. */
async function change({ settings, stack }: RunningStack, values: Readonly<Record<string, string>>): Promise<void> {
  const folder = join(settings.cwd, 'volumes/settings');
  mkdirSync(folder, { recursive: true });
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, '10.env'), lines.join(''));
  await stack.applySettings();
}

describe('settings that change while rooms are at work', () => {
  let running: RunningStack;
  const as = (key: string) => ({ apikey: key, authorization: `Bearer ${key}` });

  beforeAll(async () => {
    running = await run({
      SERVICES: 'db,auth,rest,realtime,storage,imgproxy,functions,gateway',
      DISABLE_SIGNUP: 'false',
    });
  }, 120_000);

  it('rest answers every request, with the former settings or the new ones', async () => {
    const { url, serviceKey } = running;
    const statuses = new Set<number>();
    let goes = true;
    let rounds = 0;
    closers.push(() => {
      goes = false;
      return asking;
    });
    const asking = (async () => {
      while (goes) {
        statuses.add((await fetch(`${url}/rest/v1/`, { headers: as(serviceKey) })).status);
        rounds++;
      }
    })();
    const schemas = async () => {
      const headers = { ...as(serviceKey), 'accept-profile': 'nothing' };
      return ((await (await fetch(`${url}/rest/v1/`, { headers })).json()) as { hint: string }).hint;
    };
    for (const name of ['storage', 'public', 'storage']) {
      const before = rounds;
      await change(running, { PGRST_DB_SCHEMAS: name });
      expect(await schemas()).toMatch(new RegExp(`exposed: ${name}$`));
      while (rounds < before + 2) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await expect(change(running, { PGRST_DB_SCHEMAS: 'public', PGRST_DB_POOL: 'none' })).rejects.toThrow(
      'PGRST_DB_POOL',
    );
    expect(await schemas()).toMatch(/exposed: storage$/);
    await change(running, {});
    goes = false;
    await asking;
    expect([...statuses]).toEqual([200]);
  }, 120_000);

  it('storage takes an upload to its end that began before', async () => {
    const { url, serviceKey } = running;
    const bucket = { method: 'POST', headers: { ...as(serviceKey), 'content-type': 'application/json' } };
    await fetch(`${url}/storage/v1/bucket`, { ...bucket, body: JSON.stringify({ name: 'b', public: true }) });
    const answered = new Promise<number>((resolve, reject) => {
      const upload = httpRequest(`${url}/storage/v1/object/b/long.bin`, {
        method: 'POST',
        headers: { ...as(serviceKey), 'content-type': 'application/octet-stream', 'content-length': 200_000 },
      });
      upload.on('error', reject).on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      upload.write(Buffer.alloc(100_000, 1));
      // The second change makes room for a third room.
      void (async () => {
        await change(running, { FILE_SIZE_LIMIT: '1000' });
        await change(running, { FILE_SIZE_LIMIT: '2000' });
        upload.end(Buffer.alloc(100_000, 2));
      })().catch(reject);
    });
    expect(await answered).toBe(200);
    const stored = Buffer.from(await (await fetch(`${url}/storage/v1/object/public/b/long.bin`)).arrayBuffer());
    expect([stored.length, stored[0], stored.at(-1)]).toEqual([200_000, 1, 2]);
    const late = { method: 'POST', headers: as(serviceKey), body: new Blob([Buffer.alloc(3_000)]) };
    expect(await (await fetch(`${url}/storage/v1/object/b/late.bin`, late)).json()).toMatchObject({
      statusCode: '413',
    });
  }, 120_000);

  it('a socket of realtime stays, and hears those who come after the change', async () => {
    const { url, anonKey } = running;
    const { WebSocket } = await loadWebSockets();
    const join = (): Promise<{
      frames: string[];
      send: (event: string, payload: object) => void;
      state: () => number;
    }> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${anonKey}&vsn=1.0.0`);
        closers.push(() => socket.terminate());
        const frames: string[] = [];
        const send = (event: string, payload: object) =>
          socket.send(JSON.stringify({ topic: 'realtime:room', event, payload, ref: '1', join_ref: '1' }));
        socket.on('error', reject).on('open', () => send('phx_join', { config: { broadcast: { self: false } } }));
        socket.on('message', (data) => {
          const text = String(data);
          frames.push(text);
          if (text.includes('"phx_reply"')) resolve({ frames, send, state: () => socket.readyState });
        });
      });
    const early = await join();
    await change(running, { TENANT_MAX_EVENTS_PER_SECOND: '77' });
    const late = await join();
    const heard = ({ frames }: typeof early, word: string) => frames.some((text) => text.includes(word));
    // Rooms come to know each other by and by.
    while (!heard(early, 'from-late') || !heard(late, 'from-early')) {
      late.send('broadcast', { type: 'broadcast', event: 'x', payload: { word: 'from-late' } });
      early.send('broadcast', { type: 'broadcast', event: 'x', payload: { word: 'from-early' } });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(early.state()).toBe(WebSocket.OPEN);
  }, 120_000);

  it('a function answers that was asked before, and what it printed is remembered', async () => {
    const { url, serviceKey, settings } = running;
    const folder = join(settings.cwd, 'volumes/functions/slow');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'index.ts'),
      `Deno.serve(async (request) => { console.log('asked'); await request.text(); return new Response('done'); });`,
    );
    const answered = new Promise<number>((resolve, reject) => {
      const call = httpRequest(`${url}/functions/v1/slow`, { method: 'POST', headers: as(serviceKey) });
      call.on('error', reject).on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      call.write('a');
      const logged = async (): Promise<boolean> => {
        const logs = await fetch(`${url}/v1/projects/default/functions/slow/logs`, { headers: as(serviceKey) });
        return (await logs.text()).includes('asked');
      };
      void (async () => {
        while (!(await logged())) await new Promise((again) => setTimeout(again, 20));
        await change(running, { FUNCTIONS_MAX_WORKERS: '7' });
        expect(await logged()).toBe(true);
        call.end('b');
      })().catch(reject);
    });
    expect(await answered).toBe(200);
  }, 120_000);
});
