import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '#kernel/log';
import { createSharedProfiler, openProfiler, ProfilerBusyError } from './core/profiler/profiler.ts';
import { pprofHandler } from './routes/pprof.ts';
import { createSidePort } from './routes/side-port.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

it('profiles of the processor are taken one at a time', async () => {
  const profiler = await openProfiler();
  const finish = await profiler.startCpu();
  await expect(profiler.startCpu()).rejects.toThrow(ProfilerBusyError);
  const port = await createSidePort().open(
    { host: '127.0.0.1', port: 0, setting: 'TEST_PORT' },
    pprofHandler(profiler, createLogger({ level: 'silent', redact: (text) => text })),
  );
  const answer = await fetch(`${port.url}/debug/pprof/profile?seconds=1`);
  expect([answer.status, await answer.text()]).toEqual([
    500,
    'Could not enable CPU profiling: cpu profiling already in use\n',
  ]);
  await finish();
  expect((await fetch(`${port.url}/debug/pprof/profile?seconds=0.01`)).status).toBe(200);
  await port.release();
  profiler.close();
});

it('profiles of the heap go on when the room that began them has gone', async () => {
  const shared = createSharedProfiler();
  const former = await shared.hold();
  const present = await shared.hold();
  await former.release();
  const kept = Array.from({ length: 200_000 }, (_, n) => ({ n }));
  expect(gunzipSync(await present.profiler.heap()).length).toBeGreaterThan(0);
  expect(kept).toHaveLength(200_000);
  await present.release();
  const anew = await shared.hold();
  expect(gunzipSync(await anew.profiler.heap()).length).toBeGreaterThan(0);
  await anew.release();
});

describe('profiles', () => {
  let auth: AuthUnderTest;
  let base: string;
  beforeAll(async () => {
    auth = await startAuth({ GOTRUE_PROFILER_ENABLED: 'true', GOTRUE_PROFILER_PORT: '0' });
    base = JSON.parse(auth.logLines().find((line) => line.includes('profiles are served')) ?? '{}').url;
  });
  afterAll(() => auth?.stop());

  async function take(path: string) {
    const response = await fetch(base + path);
    const profile = Profile.decode(gunzipSync(Buffer.from(await response.arrayBuffer())));
    const { strings } = profile.stringTable;
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      types: profile.sampleType.map(({ type }) => strings[Number(type)]),
      samples: profile.sample.length,
    };
  }

  it('of the processor are taken for the time asked for', async () => {
    expect(await take('profile?seconds=0.1')).toMatchObject({
      status: 200,
      type: 'application/octet-stream',
      types: ['samples', 'cpu'],
    });
  });

  it('of the heap say who keeps what', async () => {
    // Some fifty samples' worth.
    const kept = Array.from({ length: 1_000_000 }, (_, n) => ({ n }));
    const { status, types, samples } = await take('heap');
    expect([status, types]).toEqual([200, ['inuse_space']]);
    expect(samples).toBeGreaterThan(0);
    expect(kept).toHaveLength(1_000_000);
  });

  it('have an index; others are unknown', async () => {
    const index = await fetch(base);
    expect([index.status, await index.text()]).toEqual([200, expect.stringContaining('profile\tCPU profile')]);
    expect((await fetch(`${base}goroutine`)).status).toBe(404);
    expect((await fetch(new URL('/other', base))).status).toBe(404);
    expect((await fetch(`${base}heap`, { method: 'POST' })).status).toBe(405);
  });
});
