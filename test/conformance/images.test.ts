import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { newClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';

// Transformed images through the official client: what storage's render routes make of objects.
const stack = sharedStack();
const admin = newClient(stack, stack.env.serviceKey);
const anyone = newClient(stack, stack.env.anonKey);
const [open, closed] = ['im-open', 'im-closed'];

beforeAll(async () => {
  const photo = await sharp({ create: { width: 400, height: 200, channels: 3, background: '#c03030' } })
    .jpeg()
    .toBuffer();
  for (const [bucket, isPublic] of [
    [open, true],
    [closed, false],
  ] as const) {
    expect((await admin.storage.createBucket(bucket, { public: isPublic })).error).toBeNull();
    const uploaded = await admin.storage.from(bucket).upload('a/photo 1.jpg', photo, { contentType: 'image/jpeg' });
    expect(uploaded.error).toBeNull();
  }
  await admin.storage.from(open).upload('text.jpg', Buffer.from('no image'), { contentType: 'image/jpeg' });
});

async function described(bytes: ArrayBuffer | Blob) {
  const buffer = Buffer.from(bytes instanceof Blob ? await bytes.arrayBuffer() : bytes);
  const { format, width, height } = await sharp(buffer).metadata();
  return `${format} ${width}x${height}`;
}

describe('render routes', () => {
  test.each([
    [{ width: 100 }, 'jpeg 100x50'],
    [{ width: 100, height: 100 }, 'jpeg 100x100'],
    [{ width: 100, height: 100, resize: 'contain' }, 'jpeg 100x50'],
    [{ width: 100, height: 100, resize: 'fill' }, 'jpeg 100x100'],
    [{ width: 50, quality: 30 }, 'jpeg 50x25'],
    [{ width: 50, format: 'origin' }, 'jpeg 50x25'],
  ] as const)('download with %j', async (transform, expected) => {
    const { data, error } = await admin.storage.from(closed).download('a/photo 1.jpg', { transform });
    expect(error).toBeNull();
    expect(await described(data as Blob)).toBe(expected);
  });

  test('public and signed URLs, WebP for browsers', async () => {
    const transform = { width: 80, height: 40 };
    const { data: found } = anyone.storage.from(open).getPublicUrl('a/photo 1.jpg', { transform });
    const { data: signed } = await admin.storage.from(closed).createSignedUrl('a/photo 1.jpg', 60, { transform });
    for (const url of [found.publicUrl, signed?.signedUrl as string]) {
      const answer = await fetch(url, { headers: { accept: 'image/avif,image/webp,*/*;q=0.8' } });
      expect(answer.status, url).toBe(200);
      expect(answer.headers.get('content-type')).toBe('image/webp');
      expect(answer.headers.get('vary')).toContain('Accept');
      expect(await described(await answer.arrayBuffer())).toBe('webp 80x40');
      expect(await described(await (await fetch(url)).arrayBuffer())).toBe('jpeg 80x40');
    }
  });

  test('a new version is a new image', async () => {
    const bucket = admin.storage.from(open);
    const url = bucket.getPublicUrl('changing.png', { transform: { width: 10 } }).data.publicUrl;
    for (const background of ['#ff0000', '#00ff00']) {
      const picture = await sharp({ create: { width: 20, height: 20, channels: 3, background } })
        .png()
        .toBuffer();
      expect(
        (await bucket.upload('changing.png', picture, { contentType: 'image/png', upsert: true })).error,
      ).toBeNull();
      const { dominant } = await sharp(Buffer.from(await (await fetch(url)).arrayBuffer())).stats();
      expect(dominant.r > dominant.g).toBe(background === '#ff0000');
    }
  });

  test('what is kept of an image is where its gravity is', async () => {
    const half = await sharp({ create: { width: 100, height: 100, channels: 3, background: '#0000ff' } })
      .png()
      .toBuffer();
    const picture = await sharp({ create: { width: 200, height: 100, channels: 3, background: '#ff0000' } })
      .composite([{ input: half, left: 100, top: 0 }])
      .png()
      .toBuffer();
    expect(
      (await admin.storage.from(open).upload('halves.png', picture, { contentType: 'image/png' })).error,
    ).toBeNull();
    const show = async (url: string) => {
      const answer = await fetch(`${stack.url}/storage/v1${url}`);
      const done = answer.headers.get('x-transformations');
      if (answer.status !== 200) return await answer.json();
      const { dominant } = await sharp(Buffer.from(await answer.arrayBuffer())).stats();
      return [done, dominant.r > dominant.b ? 'red' : 'blue'];
    };
    const of = (query: string) => show(`/render/image/public/${open}/halves.png?width=40&height=40&${query}`);
    const size = 'height:40,width:40,resizing_type:fill';
    expect(await of('gravity=we')).toEqual([`${size},gravity:we`, 'red']);
    expect(await of('gravity=ea')).toEqual([`${size},gravity:ea`, 'blue']);
    expect(await of('gravity=fp&x_offset=0.9&y_offset=0.5')).toEqual([`${size},gravity:fp:0.9:0.5`, 'blue']);
    expect(await of('gravity=fp&x_offset=0.9')).toMatchObject({ statusCode: '400', error: 'InvalidParameter' });
    expect(await of('gravity=up')).toMatchObject({
      statusCode: '400',
      message: 'querystring/gravity must be equal to one of the allowed values',
    });
    const signed = await fetch(`${stack.url}/storage/v1/object/sign/${open}/halves.png`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.env.serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        expiresIn: 60,
        transform: { width: 40, height: 40, gravity: 'fp', x_offset: 0.1, y_offset: 0.5 },
      }),
    });
    const { signedURL } = (await signed.json()) as { signedURL: string };
    expect(await show(signedURL)).toEqual([`${size},gravity:fp:0.1:0.5`, 'red']);
  });

  test('what is no image, and what nobody may see', async () => {
    const text = await fetch(`${stack.url}/storage/v1/render/image/public/${open}/text.jpg?width=10`);
    expect(text.status).toBe(400);
    expect(await text.json()).toMatchObject({
      statusCode: '400',
      message: 'The source image is invalid or unsupported for rendering',
    });
    const hidden = await anyone.storage.from(closed).download('a/photo 1.jpg', { transform: { width: 10 } });
    expect(hidden.error).not.toBeNull();
    const wrong = await fetch(`${stack.url}/storage/v1/render/image/public/${closed}/a/photo%201.jpg?width=10`);
    expect(wrong.status).toBe(400);
  });
});
