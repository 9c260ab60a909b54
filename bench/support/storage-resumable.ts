import { randomBytes } from 'node:crypto';
import { residentMegabytes } from './cpu.ts';
import { median } from './load.ts';
import type { Product } from './product.ts';

const uploads = 100;
const chunks = 4;
const chunkSize = 1024 ** 2;

/** A hundred tus uploads at once, each created and sent in four pieces as clients do. */
export async function measureResumable(product: Product, storage: string, key: string): Promise<void> {
  const piece = randomBytes(chunkSize);
  const size = chunks * chunkSize;
  const pieces: number[] = [];
  const before = residentMegabytes(product.pid);
  const headers = { apikey: key, authorization: `Bearer ${key}`, 'tus-resumable': '1.0.0' };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const one = async (number: number) => {
    const made = await fetch(`${storage}/upload/resumable`, {
      method: 'POST',
      headers: {
        ...headers,
        'x-upsert': 'true',
        'upload-length': String(size),
        'upload-metadata': `bucketName ${base64('bench')},objectName ${base64(`tus/${number}`)}`,
      },
    });
    if (made.status !== 201) throw new Error(`an upload was not made: ${made.status} ${await made.text()}`);
    const location = made.headers.get('location') ?? '';
    for (let sent = 0; sent < chunks; sent++) {
      const began = performance.now();
      const answer = await fetch(location, {
        method: 'PATCH',
        headers: {
          ...headers,
          'upload-offset': String(sent * chunkSize),
          'content-type': 'application/offset+octet-stream',
        },
        body: piece,
      });
      if (answer.status !== 204) throw new Error(`a piece was not taken: ${answer.status} ${await answer.text()}`);
      pieces.push(performance.now() - began);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: uploads }, (_, number) => one(number)));
  const took = (performance.now() - began) / 1_000;
  const after = residentMegabytes(product.pid);
  console.log(
    `${uploads} tus uploads at once of ${size / 1024 ** 2} MB in ${chunks} pieces: ${took.toFixed(1)} s, ` +
      `${((uploads * size) / 1e6 / took).toFixed(0)} MB/s, a piece p50 ${median(pieces).toFixed(0)} ms; ` +
      `memory ${before.now.toFixed(0)} MB before, ${after.now.toFixed(0)} after, ${after.peak.toFixed(0)} at most`,
  );
}
