import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ImgproxyUnderTest, startImgproxy } from './testing/imgproxy-under-test.ts';
import { animation, describeImage, picture } from './testing/pictures.ts';

const rooms: ImgproxyUnderTest[] = [];
let png: Buffer;
let origin: Server;
let originUrl: string;
const seen: string[] = [];

async function start(env: Record<string, string> = {}): Promise<ImgproxyUnderTest> {
  const room = await startImgproxy({ IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'true', ...env });
  rooms.push(room);
  room.put('a.png', png);
  return room;
}

beforeAll(async () => {
  png = await picture(80, 40).png().toBuffer();
  origin = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers['user-agent']}`);
    if (request.url === '/slow') return;
    if (request.url === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(png));
    else if (request.url === '/zeros')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(3e6)));
    else if (request.url === '/moved') response.writeHead(302, { location: '/ok.png' }).end();
    else if (request.url === '/broken') response.writeHead(500).end();
    else {
      const headers = { 'cache-control': 'max-age=77', 'last-modified': 'Tue, 01 Sep 2026 10:00:00 GMT' };
      setTimeout(() => response.writeHead(200, headers).end(png), 50);
    }
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const room of rooms) await room.stop();
  origin.closeAllConnections();
  origin.close();
});

const textOf = ({ status, body }: { status: number; body: Buffer }) => `${status} ${body.toString()}`;

describe('routes', () => {
  test('health, front page, other methods, other paths', async () => {
    const room = await start({ IMGPROXY_ALLOW_ORIGIN: 'https://app.test', IMGPROXY_HEALTH_CHECK_PATH: '/ping' });
    for (const path of ['/health', '/ping', '/health?x'])
      expect(textOf(await room.get(path))).toBe('200 imgproxy is running');
    expect((await room.get('/')).headers['content-type']).toContain('text/html');
    for (const method of ['HEAD', 'OPTIONS']) {
      const { status, body, headers } = await room.get('/_/plain/local:///a.png', {}, method);
      expect([status, body.length, headers['access-control-allow-origin']]).toEqual([200, 0, 'https://app.test']);
    }
    expect(textOf(await room.get('/favicon.ico'))).toBe('404 Invalid URL');
    expect(textOf(await room.get('/_/plain/local:///a.png', {}, 'POST'))).toBe('404 Invalid URL');
    const { headers } = await room.get('/_/plain/local:///a.png', { 'x-request-id': 'my-id_1' });
    expect(headers['x-request-id']).toBe('my-id_1');
    expect((await room.get('/health', { 'x-request-id': 'no id' })).headers['x-request-id']).not.toBe('no id');
  });

  test('a prefix, a secret, exact reasons', async () => {
    const room = await start({
      IMGPROXY_PATH_PREFIX: '/img',
      IMGPROXY_SECRET: 's3cret',
      IMGPROXY_DEVELOPMENT_ERRORS_MODE: '1',
    });
    const path = '/img/_/plain/local:///a.png';
    expect((await room.get(path, { authorization: 'Bearer s3cret' })).status).toBe(200);
    expect(textOf(await room.get(path))).toBe('403 Invalid secret');
    expect(textOf(await room.get(path, { authorization: 'Bearer s3cre' }))).toBe('403 Invalid secret');
    expect((await room.get('/_/plain/local:///a.png', { authorization: 'Bearer s3cret' })).status).toBe(404);
    expect(textOf(await room.get('/img/_/nope:1/plain/x', { authorization: 'Bearer s3cret' }))).toBe(
      '404 Unknown processing option: nope',
    );
    expect((await room.get('/img/health')).status).toBe(200);
  });

  test('names of files, attachments, expiry', async () => {
    const room = await start();
    const disposition = async (options: string) =>
      (await room.get(`/_/${options}plain/local:///a.png`)).headers['content-disposition'];
    expect(await disposition('')).toBe('inline; filename="a.png"');
    expect(await disposition('f:jpg/att:1/fn:x/')).toBe('attachment; filename="x.jpg"');
    expect(await disposition('fn:gr%C3%B6%C3%9Fe%22/')).toBe(
      `inline; filename="gr__e%22.png"; filename*=UTF-8''gr%C3%B6%C3%9Fe%22.png`,
    );
    const soon = Math.floor(Date.now() / 1_000) + 100;
    const { headers } = await room.get(`/_/exp:${soon}/plain/local:///a.png`);
    const age = Number(/^max-age=(\d+), public$/.exec(headers['cache-control'] ?? '')?.[1]);
    expect(age > 80 && age <= 100).toBe(true);
  });
});

describe('sources', () => {
  test('http: redirects, content coding, what the source says', async () => {
    const room = await start({
      IMGPROXY_CACHE_CONTROL_PASSTHROUGH: 'true',
      IMGPROXY_USE_LAST_MODIFIED: 'true',
      IMGPROXY_USER_AGENT: 'test/1',
    });
    for (const path of ['ok.png', 'moved', 'gzip']) {
      const { status, body } = await room.get(`/_/w:20/plain/${originUrl}/${path}@png`);
      expect([status, (await describeImage(body)).width]).toEqual([200, 20]);
    }
    expect(seen).toContain('/ok.png test/1');
    const { headers } = await room.get(`/_/plain/${originUrl}/ok.png`);
    expect(headers).toMatchObject({ 'cache-control': 'max-age=77', 'last-modified': 'Tue, 01 Sep 2026 10:00:00 GMT' });
    const again = await room.get(`/_/plain/${originUrl}/ok.png`, {
      'if-modified-since': headers['last-modified'] ?? '',
    });
    expect(again.status).toBe(304);
  });

  test('what cannot be had, is too large, too slow, or not allowed', async () => {
    const room = await start({
      IMGPROXY_MAX_SRC_FILE_SIZE: '1000000',
      IMGPROXY_ALLOWED_SOURCES: `http://127.0.0.1:*/,local:///,http://localhost*`,
    });
    const answer = async (source: string) => textOf(await room.get(`/_/w:1/plain/${source}`));
    expect(await answer(`${originUrl}/broken`)).toBe('404 Source image is unreachable');
    const hasty = await start({
      IMGPROXY_DOWNLOAD_TIMEOUT: '300ms',
      IMGPROXY_ALLOWED_SOURCES: 'http://127.0.0.1:*/',
    });
    expect(textOf(await hasty.get(`/_/w:1/plain/${originUrl}/slow`))).toBe('504 Source image is unreachable');
    expect(await answer(`${originUrl}/zeros`)).toBe('422 Invalid source image');
    expect(await answer('https://elsewhere.test/a.png')).toBe('404 Invalid source URL');
    expect(await answer('http://127.0.0.1:1/')).toBe('404 Source image is unreachable');
    room.put('large.png', Buffer.concat([png, Buffer.alloc(1e6)]));
    expect(await answer('local:///large.png')).toBe('422 Invalid source image');
    for (const path of ['', '.', 'nothing.png', '../cache', '%2e%2e/x', 'a.png/b', '%00'])
      expect(await answer(`local:///${path}`), path).toBe('404 Source image is unreachable');
    const closed = await start({ IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'false' });
    for (const source of [originUrl, originUrl.replace('127.0.0.1', 'localhost'), 'http://10.0.0.1', 'ftp://a.test'])
      expect(textOf(await closed.get(`/_/plain/${source}/ok.png`))).toMatch(
        /^404 (Invalid source URL|Source image is unreachable)$/,
      );
  });

  test('a fallback image takes the place of what is missing', async () => {
    const room = await start({
      IMGPROXY_FALLBACK_IMAGE_DATA: png.toString('base64'),
      IMGPROXY_FALLBACK_IMAGE_HTTP_CODE: '0',
    });
    const { status, headers, body } = await room.get('/_/w:10/plain/local:///nothing.png@png');
    expect([status, headers['fallback-image'], (await describeImage(body)).width]).toEqual([404, '1', 10]);
    expect((await room.get('/_/nope:1/plain/local:///nothing.png')).body.toString()).toBe('Invalid URL');
  });
});

describe('bounds', () => {
  test('pixels are counted before they are decoded, frames of an animation together', async () => {
    const room = await start({
      IMGPROXY_MAX_SRC_RESOLUTION: '1',
      IMGPROXY_MAX_ANIMATION_FRAMES: '10',
      IMGPROXY_DEVELOPMENT_ERRORS_MODE: '1',
    });
    const big = await sharp({ create: { width: 1_100, height: 1_000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    room.put('big.png', big);
    room.put('long.gif', await animation(400, 400, ['red', 'lime', 'blue', 'red', 'lime', 'blue', 'white']));
    room.put(
      'lie.bmp',
      Buffer.concat([
        Buffer.from('BM'),
        Buffer.alloc(12),
        Buffer.from([40, 0, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 24, 0]),
        Buffer.alloc(40),
      ]),
    );
    for (const name of ['big.png', 'long.gif', 'lie.bmp'])
      expect(textOf(await room.get(`/_/w:1/plain/local:///${name}`)), name).toBe(
        '422 Source image resolution is too big',
      );
    // A vector image is drawn smaller instead.
    room.put(
      'huge.svg',
      '<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"><rect width="9" height="9"/></svg>',
    );
    const drawn = await room.get('/_/f:png/plain/local:///huge.svg');
    const { width, height } = await describeImage(drawn.body);
    expect(width * height).toBeLessThanOrEqual(1e6);
    expect(textOf(await room.get('/_/rs:force:5000:5000:1/plain/local:///a.png'))).toBe(
      '422 The result would be too big',
    );
  });

  test('frames beyond the bound are left out, and by default all but one', async () => {
    const few = await start({ IMGPROXY_MAX_ANIMATION_FRAMES: '2' });
    const still = await start();
    for (const [room, pages] of [
      [few, 2],
      [still, 1],
    ] as const) {
      room.put('moving.gif', await animation(20, 20, ['red', 'lime', 'blue']));
      expect((await describeImage((await room.get('/_/plain/local:///moving.gif')).body)).pages).toBe(pages);
    }
  });

  test('more than fit into the queue are told to come again', async () => {
    const room = await start({
      IMGPROXY_WORKERS: '1',
      IMGPROXY_REQUESTS_QUEUE_SIZE: '2',
      STACK_IMAGE_SOURCES_AT_ONCE: '1',
    });
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => room.get(`/_/w:${index + 5}/plain/${originUrl}/ok.png`)),
    );
    const statuses = replies.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3);
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBe(20 - statuses.filter((status) => status === 200).length);
    expect(refused.length).toBeGreaterThan(5);
    expect([refused[0]?.body.toString(), refused[0]?.headers['retry-after']]).toEqual(['Too many requests', '1']);
    expect((await room.get(`/_/w:70/plain/${originUrl}/ok.png`)).status).toBe(200);
  });

  test('a time for everything', async () => {
    const room = await start({ IMGPROXY_TIMEOUT: '200ms' });
    expect(textOf(await room.get(`/_/w:1/plain/${originUrl}/slow`))).toBe('503 Gateway Timeout');
  });
});

describe('work is done once', () => {
  test('for a hundred who want the same at the same time, and for those who come later', async () => {
    const room = await start();
    const path = `/_/rs:fill:30:30/plain/local:///a.png@webp`;
    const replies = await Promise.all(Array.from({ length: 100 }, () => room.get(path)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.toString('base64')}`)).size).toBe(1);
    expect(room.health()).toMatchObject({ detail: { made: 1, working: 0, waiting: 0 } });
    // Of the hundred, those that came to it when it was done have found it, too.
    const { found } = (room.health() as { readonly detail: { readonly found: number } }).detail;
    await room.get(path);
    await room.get(`/_/rs:fill:30:30/cb:other/fn:name/plain/local:///a.png@webp`);
    expect(room.health()).toMatchObject({ detail: { made: 1, found: found + 2 } });
    room.put('a.png', await picture(80, 40).negate().png().toBuffer());
    expect((await room.get(path)).body.equals(replies[0]?.body as Buffer)).toBe(false);
    expect(room.health()).toMatchObject({ detail: { made: 2 } });
  });

  test('304 for who has the result, whatever else changed', async () => {
    const room = await start();
    const etag = (await room.get('/_/w:9/plain/local:///a.png')).headers.etag ?? '';
    for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, '*'])
      expect((await room.get('/_/w:9/plain/local:///a.png', { 'if-none-match': tags })).status).toBe(304);
    for (const [path, tags] of [
      ['/_/w:9/plain/local:///a.png', '"x"'],
      ['/_/w:8/plain/local:///a.png', etag],
    ] as const)
      expect((await room.get(path, { 'if-none-match': tags })).status).toBe(200);
  });
});

describe('for other rooms', () => {
  const original = (bytes: Buffer, version: string) => ({
    version,
    size: bytes.length,
    contentType: 'image/png',
    open: async () => Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]),
  });

  test('sizes, formats, gravity', async () => {
    const { api } = await start();
    const made = async (wanted: object) => {
      const { body, headers } = await api.transform(original(png, 'v1'), { resize: 'cover', ...wanted });
      expect(headers['content-length']).toBe(String(body.length));
      const { format, width, height } = await describeImage(body);
      return `${format} ${width}x${height}`;
    };
    expect(await made({ width: 20 })).toBe('png 20x10');
    expect(await made({ width: 20, height: 20 })).toBe('png 20x20');
    expect(await made({ width: 20, height: 20, resize: 'contain' })).toBe('png 20x10');
    expect(await made({ width: 20, height: 20, resize: 'fill' })).toBe('png 20x20');
    expect(await made({ width: 20, accept: 'image/webp' })).toBe('webp 20x10');
    expect(await made({ width: 20, accept: 'image/webp', format: 'origin' })).toBe('png 20x10');
    expect(await made({ width: 20, height: 20, gravity: 'ea' })).toBe('png 20x20');
  });

  test('failures say what the URL would say', async () => {
    const { api } = await start({ IMGPROXY_MAX_SRC_FILE_SIZE: '5000' });
    const failing = (bytes: Buffer, wanted = {}) =>
      api.transform(original(bytes, String(bytes.length)), { resize: 'cover', ...wanted });
    await expect(failing(Buffer.from('no image'))).rejects.toMatchObject({
      status: 422,
      code: 'source_unsupported',
      message: 'Invalid source image',
    });
    await expect(failing(Buffer.alloc(6_000))).rejects.toMatchObject({ status: 422, code: 'source_file_too_big' });
    await expect(failing(png, { maxResolution: 0.001 })).rejects.toMatchObject({ code: 'source_resolution_too_big' });
    await expect(failing(png, { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  });
});

describe('SVG', () => {
  const drawing =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><script>alert(1)</script><rect width="9" height="9"/></svg>';
  test('is answered as such without its scripts, or drawn', async () => {
    const room = await start();
    room.put('d.svg', drawing);
    const { headers, body } = await room.get('/_/w:10/plain/local:///d.svg');
    expect(headers).toMatchObject({ 'content-type': 'image/svg+xml', 'content-security-policy': "script-src 'none'" });
    expect(body.toString()).not.toContain('script');
    expect(await describeImage((await room.get('/_/w:10/plain/local:///d.svg@png')).body)).toMatchObject({
      format: 'png',
      width: 10,
    });
    const always = await start({ IMGPROXY_ALWAYS_RASTERIZE_SVG: 'true' });
    always.put('d.svg', drawing);
    expect((await describeImage((await always.get('/_/w:10/plain/local:///d.svg')).body)).format).toBe('png');
  });

  test('reads no other file', async () => {
    const room = await start();
    room.put(
      'secret.png',
      await sharp({ create: { width: 10, height: 10, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    for (const href of [`file://${room.folder}/secret.png`, 'secret.png', `${originUrl}/stolen`]) {
      room.put(
        'thief.svg',
        `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10"><image width="10" height="10" xlink:href="${href}"/></svg>`,
      );
      const { channels } = await sharp((await room.get('/_/bg:fff/f:png/plain/local:///thief.svg')).body).stats();
      expect(channels.map(({ min }) => min).slice(0, 3), href).toEqual([255, 255, 255]);
    }
    expect(seen.some((line) => line.startsWith('/stolen'))).toBe(false);
  });
});

test('damaged images are refused or made, and nothing breaks', async () => {
  const room = await start({ IMGPROXY_MAX_SRC_RESOLUTION: '1' });
  const kinds = await Promise.all([
    png,
    picture(40, 30).jpeg().toBuffer(),
    picture(40, 30).webp().toBuffer(),
    picture(40, 30).gif().toBuffer(),
    picture(40, 30).tiff().toBuffer(),
    picture(40, 30).avif().toBuffer(),
  ]);
  let number = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      async (kind, changes, part) => {
        const bytes = Buffer.from(kind.subarray(0, Math.ceil(kind.length * part)));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const name = `${number++}.bin`;
        room.put(name, bytes);
        const { status } = await room.get(`/_/rs:fill:20:20/g:sm/plain/local:///${name}@png`);
        expect([200, 422]).toContain(status);
      },
    ),
    { numRuns: Number(process.env.IMAGE_FUZZ_RUNS ?? 60) },
  );
  expect(room.lines).toEqual([]);
});
