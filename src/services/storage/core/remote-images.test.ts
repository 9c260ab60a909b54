import { expect, it } from 'vitest';
import { type Egress, type EgressAnswer, EgressError } from '#kernel/egress';
import type { ImageSource } from '../ports.ts';
import { createRemoteImages } from './remote-images.ts';

const source: ImageSource = {
  version: '1',
  size: 1,
  contentType: 'image/png',
  open: () => Promise.reject(new Error('an engine elsewhere reads by itself')),
  url: async () => 'local:///a.png',
};

/** An imgproxy that answers with these, one after the other; an error is a connection that fails. */
function imgproxyAnswering(...answers: (number | Error)[]) {
  const asked: string[] = [];
  const egress = {
    async request(url: string): Promise<EgressAnswer> {
      asked.push(url);
      const next = answers.shift();
      if (next === undefined) throw new Error('asked too often');
      if (typeof next !== 'number') throw next;
      return { status: next, headers: {}, body: Buffer.from(next === 200 ? 'image' : `reason ${next}`), url };
    },
  } as unknown as Egress;
  const images = createRemoteImages({ url: 'http://imgproxy/', timeout: 60_000, maxBytes: 1_024 }, egress);
  return { images, asked };
}

it('asks with the options of its URLs', async () => {
  const { images, asked } = imgproxyAnswering(200);
  await images(source, { width: 10, resize: 'cover', gravity: 'fp:0.5:0.25' });
  expect(asked).toEqual([
    'http://imgproxy/public/width:10/resizing_type:fill/gravity:fp:0.5:0.25/plain/local:///a.png',
  ]);
});

it('asks again where that may help, after a busy or broken answer and after none', async () => {
  const { images, asked } = imgproxyAnswering(408, 429, 502, new EgressError('unreachable', 'connection refused'), 200);
  const { body } = await images(source, { resize: 'cover' });
  expect([String(body), asked.length]).toEqual(['image', 5]);
});

it('tells what the last attempt was answered, with the reason', async () => {
  const { images, asked } = imgproxyAnswering(422);
  await expect(images(source, { resize: 'cover' })).rejects.toMatchObject({ status: 422, message: 'reason 422' });
  expect(asked).toHaveLength(1);
});

it.each([
  ['aborted', 500],
  ['refused', 500],
  ['too-large', 500],
  ['timeout', 504],
] as const)('does not ask again what would end the same: %s', async (reason, status) => {
  const { images, asked } = imgproxyAnswering(new EgressError(reason, reason));
  await expect(images(source, { resize: 'cover' })).rejects.toMatchObject({ status });
  expect(asked).toHaveLength(1);
});

it('gives up after a few repetitions', async () => {
  const { images, asked } = imgproxyAnswering(503, 503, 503, 503, 503, 503, 200);
  await expect(images(source, { resize: 'cover' })).rejects.toMatchObject({ status: 503, message: 'reason 503' });
  expect(asked).toHaveLength(6);
});
