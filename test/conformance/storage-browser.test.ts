import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientPage, hasBrowser, serveClientPage } from '../support/browser.ts';
import { newClient, signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Files as applications handle them: by a page of another origin, in Chromium, which keeps to CORS.
const stack = sharedStack();
const admin = newClient(stack, stack.env.serviceKey);
const bucket = 'cbrowser';

describe.skipIf(!hasBrowser)('from a page of another origin', () => {
  let site: Awaited<ReturnType<typeof serveClientPage>>;
  let window: ClientPage;
  let folder: string;

  beforeAll(async () => {
    expect((await admin.storage.createBucket(bucket)).error).toBeNull();
    await runSql(
      stack,
      `create policy "browser own folder" on storage.objects for all to authenticated
         using (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid()::text))
         with check (bucket_id = '${bucket}' and (storage.foldername(name))[1] = (select auth.uid()::text))`,
    );
    const email = `browser-${randomBytes(4).toString('hex')}@example.com`;
    folder = (await signedUpClient(stack, email)).id;
    site = await serveClientPage();
    window = await site.open();
    const [url, key] = [JSON.stringify(stack.url), JSON.stringify(stack.env.anonKey)];
    await window.page.evaluate(`(async () => {
      globalThis.client = supabase.createClient(${url}, ${key});
      const { data, error } = await client.auth.signInWithPassword({ email: '${email}', password: 'correct horse 1' });
      if (error) throw error;
      globalThis.token = data.session.access_token;
      globalThis.files = client.storage.from('${bucket}');
      globalThis.textOf = (size) => 'abcdefgh'.repeat(Math.ceil(size / 8)).slice(0, size);
    })()`);
  });
  afterAll(async () => {
    await window?.close();
    site?.stop();
    await runSql(stack, 'drop policy if exists "browser own folder" on storage.objects');
  });

  /** Runs statements on the page; what they return comes back. */
  const onPage = <T>(code: string): Promise<T> => window.page.evaluate(`(async () => { ${code} })()`) as Promise<T>;
  const content = async (name: string) => (await (await admin.storage.from(bucket).download(name)).data?.text()) ?? '';

  test('storage-js uploads a file, shows it, lists it and removes it', async () => {
    const seen = await onPage<Record<string, unknown>>(`
      const file = new File([textOf(200000)], 'photo 1.txt', { type: 'text/plain' });
      const path = '${folder}/photo 1.txt';
      const up = await files.upload(path, file, { cacheControl: '60', metadata: { from: 'page' } });
      const down = await files.download(path);
      const info = await files.info(path);
      const list = await files.list('${folder}');
      const signed = await files.createSignedUrl(path, 60);
      const bySignature = await (await fetch(signed.data.signedUrl)).text();
      const exists = await files.exists(path);
      const removed = await files.remove([path]);
      return { error: up.error, size: (await down.data.text()).length, type: down.data.type, info: info.data,
        names: list.data.map(({ name }) => name), signed: bySignature.length, exists: exists.data,
        removed: removed.data.length, left: (await files.list('${folder}')).data };`);
    expect(seen).toMatchObject({
      error: null,
      size: 200_000,
      type: 'text/plain',
      info: { size: 200_000, cacheControl: 'max-age=60', metadata: { from: 'page' } },
      names: ['photo 1.txt'],
      signed: 200_000,
      exists: true,
      removed: 1,
      left: [],
    });
  });

  test('a signed URL takes a file of somebody without a session', async () => {
    const result = await onPage<{ error: unknown }>(`
      const { data } = await files.createSignedUploadUrl('${folder}/signed.txt');
      const stranger = supabase.createClient(${JSON.stringify(stack.url)}, ${JSON.stringify(stack.env.anonKey)},
        { auth: { storageKey: 'stranger', persistSession: false } });
      const bucket = stranger.storage.from('${bucket}');
      return bucket.uploadToSignedUrl(data.path, data.token, new Blob(['signed'], { type: 'text/plain' }));`);
    expect(result.error).toBeNull();
    expect(await content(`${folder}/signed.txt`)).toBe('signed');
  });

  test('the page reads why something was refused', async () => {
    const { error } = await onPage<{ error: { message: string; statusCode: string } }>(`
      const { error } = await files.upload('elsewhere/x', new Blob(['x']));
      return { error: { message: error.message, statusCode: error.statusCode } };`);
    expect(error).toEqual({ message: 'new row violates row-level security policy', statusCode: '403' });
  });

  test('tus-js-client uploads, breaks off, finds its upload again and finishes it', async () => {
    const size = 3 * 1024 ** 2 + 5;
    const outcome = await onPage<{ url: string; offsets: number[]; before: number }>(`
      const file = new File([textOf(${size})], 'large.txt', { type: 'text/plain', lastModified: 1 });
      const make = (more) => new tus.Upload(file, {
        endpoint: ${JSON.stringify(`${stack.url}/storage/v1/upload/resumable`)},
        headers: { authorization: 'Bearer ' + token, 'x-upsert': 'true' },
        uploadDataDuringCreation: true,
        removeFingerprintOnSuccess: true,
        retryDelays: [],
        chunkSize: 1024 ** 2,
        metadata: { bucketName: '${bucket}', objectName: '${folder}/large.txt', contentType: 'text/plain' },
        ...more,
      });
      const first = await new Promise((resolve, reject) => {
        const upload = make({
          onError: reject,
          onChunkComplete: (_size, accepted) => upload.abort().then(() => resolve({ url: upload.url, accepted })),
        });
        upload.start();
      });
      const offsets = [];
      const url = await new Promise(async (resolve, reject) => {
        const upload = make({
          onError: reject,
          onSuccess: () => resolve(upload.url),
          onChunkComplete: (_size, accepted) => offsets.push(accepted),
        });
        const [earlier] = await upload.findPreviousUploads();
        upload.resumeFromPreviousUpload(earlier);
        upload.start();
      });
      return { url: url === first.url ? 'the same' : url, offsets, before: first.accepted };`);
    expect(outcome.url).toBe('the same');
    expect(outcome.offsets[0]).toBeGreaterThan(outcome.before);
    expect(outcome.offsets.at(-1)).toBe(size);
    const text = await content(`${folder}/large.txt`);
    expect(text.length).toBe(size);
    expect(text === 'abcdefgh'.repeat(Math.ceil(size / 8)).slice(0, size)).toBe(true);
  });
});
