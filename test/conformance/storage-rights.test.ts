import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, newClient, signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Who may do what to whose object in which bucket: everybody sees and lists what is theirs, may make, change and delete it,
// and nobody else may; a public bucket gives its objects away, and no more than that.
const stack = sharedStack();
const buckets = ['rights-private', 'rights-public'] as const;
const people = new Map<string, Client>();
let owner = '';

beforeAll(async () => {
  const mark = randomBytes(4).toString('hex');
  const first = await signedUpClient(stack, `rights-a-${mark}@example.com`);
  const second = await signedUpClient(stack, `rights-b-${mark}@example.com`);
  owner = first.id;
  people.set('owner', first.client);
  people.set('other', second.client);
  people.set('stranger', newClient(stack, stack.env.anonKey));
  people.set('service', newClient(stack, stack.env.serviceKey));
  await runSql(
    stack,
    `create policy "rights" on storage.objects for all to authenticated
       using (bucket_id like 'rights-%' and (storage.foldername(name))[1] = (select auth.uid()::text))
       with check (bucket_id like 'rights-%' and (storage.foldername(name))[1] = (select auth.uid()::text))`,
  );
  for (const name of buckets)
    expect(await people.get('service')?.storage.createBucket(name, { public: name === 'rights-public' })).toMatchObject(
      {
        error: null,
      },
    );
});
afterAll(() => runSql(stack, 'drop policy if exists "rights" on storage.objects'));

type Files = ReturnType<Client['storage']['from']>;
const worked = ({ error }: { readonly error: unknown }) => error === null;

/** A bucket's files, to somebody. */
function filesTo(person: string, bucket: string): Files {
  const client = people.get(person);
  if (!client) throw new Error(`there is nobody called ${person}`);
  return client.storage.from(bucket);
}

/** Each says whether it did what it is for. */
const operations: Record<string, (files: Files, path: string) => Promise<boolean>> = {
  download: async (files, path) => worked(await files.download(path)),
  exists: async (files, path) => (await files.exists(path)).data === true,
  info: async (files, path) => worked(await files.info(path)),
  sign: async (files, path) => worked(await files.createSignedUrl(path, 60)),
  list: async (files, path) =>
    (await files.list(path.split('/')[0])).data?.some(({ name }) => name === path.split('/')[1]) ?? false,
  copy: async (files, path) => {
    const to = `${path}-copy`;
    return worked(await files.copy(path, to));
  },
  move: async (files, path) => worked(await files.move(path, `${path}-moved`)),
  upload: async (files, path) => worked(await files.upload(`${path}-new`, 'new')),
  overwrite: async (files, path) => worked(await files.update(path, 'changed')),
  signUpload: async (files, path) => worked(await files.createSignedUploadUrl(`${path}-later`)),
  remove: async (files, path) => ((await files.remove([path])).data?.length ?? 0) > 0,
};

/** What a public bucket gives to everybody. */
const givenAway = ['download', 'exists', 'info'];

describe.each(buckets)('%s', (bucket) => {
  describe.each(['owner', 'other', 'stranger', 'service'])('to %s', (person) => {
    it.each(Object.keys(operations))('%s', async (name) => {
      const path = `${owner}/${person}-${name}`;
      const service = filesTo('service', bucket);
      expect((await service.upload(path, 'there')).error).toBeNull();
      const may =
        person === 'owner' || person === 'service' || (bucket === 'rights-public' && givenAway.includes(name));
      const did = await operations[name]?.(filesTo(person, bucket), path);
      expect(did).toBe(may);
      // What was refused has changed nothing.
      if (!may) expect(await (await service.download(path)).data?.text()).toBe('there');
    });
  });

  it('is public or not', async () => {
    const service = filesTo('service', bucket);
    await service.upload(`${owner}/url`, 'there');
    const answer = await fetch(service.getPublicUrl(`${owner}/url`).data.publicUrl);
    expect(answer.ok).toBe(bucket === 'rights-public');
  });
});
