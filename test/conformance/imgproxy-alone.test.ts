import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../support/ports.ts';
import { runProgram, spawnProgram } from '../support/program.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { readEnv } from '../support/stack.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// Imgproxy's place taken with nothing but its own variables: what the compose file sets, and a key.
const [key, salt] = ['736563726574', '68656c6c6f'];
// Its S3 endpoint is where `s3://` sources are.
const stack = sharedStack();
let log = '';
let cwd: string;
let env: Record<string, string>;
let child: ChildProcess;
let url: string;
let origin: Server;
let originUrl: string;
let downloads = 0;

beforeAll(async () => {
  cwd = makeWorkspace();
  const photo = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#3366cc' } })
    .jpeg()
    .toBuffer();
  writeFileSync(join(cwd, 'photo.jpg'), photo);
  origin = createServer((request, response) => {
    downloads++;
    if (request.url === '/gone.jpg') response.writeHead(404).end();
    else if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    // Slowly, so that those who ask at the same time are seen to.
    else setTimeout(() => response.end(photo), 300);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  env = {
    SERVICES: 'imgproxy',
    IMGPROXY_BIND: `127.0.0.1:${port}`,
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: cwd,
    IMGPROXY_USE_ETAG: 'true',
    IMGPROXY_ENABLE_WEBP_DETECTION: 'true',
    IMGPROXY_MAX_SRC_RESOLUTION: '16.8',
    IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'true',
    IMGPROXY_KEY: key,
    IMGPROXY_SALT: salt,
    IMGPROXY_TRUSTED_SIGNATURES: 'trusted',
    IMGPROXY_USE_S3: 'true',
    IMGPROXY_S3_ENDPOINT: `${stack.url}/storage/v1/s3`,
    IMGPROXY_S3_DENIED_BUCKETS: 'denied',
    AWS_ACCESS_KEY_ID: readEnv(stack.cwd).S3_PROTOCOL_ACCESS_KEY_ID ?? '',
    AWS_SECRET_ACCESS_KEY: readEnv(stack.cwd).S3_PROTOCOL_ACCESS_KEY_SECRET ?? '',
    IMGPROXY_USE_SWIFT: 'true',
  };
  await start();
});

afterAll(async () => {
  await stop();
  origin.close();
  removeWorkspace(cwd);
});

async function start(): Promise<void> {
  child = spawnProgram(['start'], { cwd, env });
  log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  for (const deadline = performance.now() + 30_000; ; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`it ended:\n${log}`);
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (performance.now() > deadline) throw new Error(`it did not get ready:\n${log}`);
  }
}

async function stop(): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

const signed = (path: string) =>
  `${url}/${createHmac('sha256', Buffer.from(key, 'hex')).update(Buffer.from(salt, 'hex')).update(path).digest('base64url')}${path}`;

const bodyOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

describe('in the place of imgproxy', () => {
  test('health, by HTTP and by the command a container asks with', async () => {
    const answer = await fetch(`${url}/health`);
    expect([answer.status, await answer.text()]).toEqual([200, 'imgproxy is running']);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const { code, stdout } = await runProgram(['health'], { cwd, env });
    expect([code, stdout.trim()]).toEqual([0, 'imgproxy: healthy']);
  });

  test('a signed URL gets the image, any other is forbidden', async () => {
    const path = '/rs:fill:100:50/plain/local:///photo.jpg@png';
    const answer = await fetch(signed(path));
    const { width, height, format } = await sharp(await bodyOf(answer)).metadata();
    expect([answer.status, format, width, height]).toEqual([200, 'png', 100, 50]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'max-age=31536000, public',
      'content-disposition': 'inline; filename="photo.png"',
      'content-security-policy': "script-src 'none'",
      server: 'imgproxy',
      vary: 'Accept',
    });
    expect((await fetch(`${url}/trusted${path}`)).status).toBe(200);
    for (const wrong of ['insecure', '_', 'AAAA']) {
      const refused = await fetch(`${url}/${wrong}${path}`);
      expect([refused.status, await refused.text()]).toEqual([403, 'Forbidden']);
      expect(refused.headers.get('content-type')).toBe('text/plain');
    }
  });

  test('WebP for who takes it, and 304 for who has it', async () => {
    const path = '/w:40/plain/local:///photo.jpg';
    const typeFor = async (accept: string) => (await fetch(signed(path), { headers: { accept } })).headers;
    expect((await typeFor('image/avif,image/webp,*/*')).get('content-type')).toBe('image/webp');
    const headers = await typeFor('*/*');
    expect(headers.get('content-type')).toBe('image/jpeg');
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+\/D[\w-]+"$/);
    const again = await fetch(signed(path), { headers: { accept: '*/*', 'if-none-match': etag } });
    expect([again.status, (await bodyOf(again)).length, again.headers.get('etag')]).toEqual([304, 0, etag]);
  });

  test('a hundred who want the same cost one download', async () => {
    downloads = 0;
    const path = `/rs:fit:300:300/q:60/plain/${originUrl}/photo.jpg@webp`;
    const bodies = await Promise.all(Array.from({ length: 100 }, async () => bodyOf(await fetch(signed(path)))));
    expect(downloads).toBe(1);
    expect(new Set(bodies.map((body) => body.toString('base64'))).size).toBe(1);
    expect((await sharp(bodies[0]).metadata()).width).toBe(300);
  });

  test('results outlive a restart', async () => {
    const files = () =>
      readdirSync(join(cwd, 'volumes/imgproxy'), { recursive: true }).filter((name) => String(name).length > 10);
    const path = '/w:77/plain/local:///photo.jpg@png';
    const first = await bodyOf(await fetch(signed(path)));
    // Results are written behind the answers.
    await stop();
    const kept = files().length;
    expect(kept).toBeGreaterThan(0);
    await start();
    expect((await bodyOf(await fetch(signed(path)))).equals(first)).toBe(true);
    expect(files().length).toBe(kept);
  });

  test.each([
    ['/w:1/plain/local:///nothing.jpg', 404, 'Source image is unreachable'],
    ['/w:1/plain/local:///..%2F..%2F..%2Fetc/passwd', 404, 'Source image is unreachable'],
    ['/w:1/plain/local:///.env', 404, 'Source image is unreachable'],
    ['/w:1/plain/http://169.254.169.254/latest', 404, 'Invalid source URL'],
    ['/w:1/plain/http://[::ffff:169.254.169.254]/', 404, 'Invalid source URL'],
    ['/nope:1/plain/local:///photo.jpg', 404, 'Invalid URL'],
    ['/msr:1/plain/local:///photo.jpg', 403, 'Invalid URL'],
    ['/exp:5/plain/local:///photo.jpg', 404, 'Expired URL'],
    ['/f:jxl/plain/local:///photo.jpg', 422, 'Resulting image format is not supported'],
  ])('%s is refused with %d', async (path, status, text) => {
    const answer = await fetch(signed(path));
    expect([answer.status, await answer.text()]).toEqual([status, text]);
  });

  test('a source that is gone, or leads where nobody may go', async () => {
    for (const [name, text] of [
      ['gone.jpg', 'Source image is unreachable'],
      ['away', 'Invalid source URL'],
    ]) {
      const answer = await fetch(signed(`/w:1/plain/${originUrl}/${name}`));
      expect([answer.status, await answer.text()]).toEqual([404, text]);
    }
  });

  test('a source on an S3 server, by its key', async () => {
    const headers = { authorization: `Bearer ${stack.env.serviceKey}` };
    const made = await fetch(`${stack.url}/storage/v1/bucket`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'imgproxy-s3' }),
    });
    expect(made.status).toBe(200);
    const picture = await sharp({ create: { width: 90, height: 60, channels: 3, background: '#369' } })
      .png()
      .toBuffer();
    const put = await fetch(`${stack.url}/storage/v1/object/imgproxy-s3/a%20folder/it's+(1).png`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'image/png' },
      body: picture,
    });
    expect(put.status).toBe(200);
    const answer = await fetch(
      signed(`/w:30/plain/${encodeURIComponent("s3://imgproxy-s3/a folder/it's+(1).png")}@png`),
    );
    expect(answer.status).toBe(200);
    expect((await sharp(await bodyOf(answer)).metadata()).height).toBe(20);
    for (const [source, text] of [
      ['s3://imgproxy-s3/nothing.png', 'Source image is unreachable'],
      ['s3://denied/a.png', 'Invalid source URL'],
      ['s3://imgproxy-s3/../denied/a.png', 'Source image is unreachable'],
      ['gs://imgproxy-s3/a.png', 'Source image is unreachable'],
    ] as const) {
      const refused = await fetch(signed(`/w:30/plain/${encodeURIComponent(source)}`));
      expect([refused.status, await refused.text()]).toEqual([404, text]);
    }
  });

  test('a setting that is not served is named in a warning', () => {
    expect(log).toContain('IMGPROXY_USE_SWIFT is no setting that is known here');
  });

  test('a bomb is refused before it is opened', async () => {
    const size = 6_000;
    const bomb = await sharp({ create: { width: size, height: size, channels: 3, background: 'black' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(200_000);
    writeFileSync(join(cwd, 'bomb.png'), bomb);
    const answer = await fetch(signed('/w:1/plain/local:///bomb.png'));
    expect([answer.status, await answer.text()]).toEqual([422, 'Invalid source image']);
  });

  test('a key that is none ends the start with one line', async () => {
    const [port] = await freePorts(1);
    const { code, stderr, stdout } = await runProgram(['start'], {
      cwd,
      env: { ...env, IMGPROXY_BIND: `127.0.0.1:${port}`, IMGPROXY_KEY: 'not hex' },
    });
    expect(code).toBe(1);
    expect(stderr + stdout).toContain('(change IMGPROXY_KEY)');
  });
});
