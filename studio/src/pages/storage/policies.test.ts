import { expect, test } from 'vitest';
import type { Policy } from '../../sql/policies.ts';
import { bucketTemplates, policiesOf } from './policies.ts';

const policy = (name: string, more: Partial<Policy>): Policy => ({
  schema: 'storage',
  table: 'objects',
  name,
  command: 'select',
  permissive: true,
  roles: ['public'],
  using: '',
  check: '',
  ...more,
});

test('policies are of the bucket they name, or of all', () => {
  const all = [
    policy('own', { using: `(bucket_id = 'photos'::text)` }),
    policy('by check', { command: 'insert', check: `bucket_id = 'photos'` }),
    policy('others', { using: `(bucket_id = 'photos-old'::text)` }),
    policy('everywhere', { using: `(auth.role() = 'authenticated'::text)` }),
    policy('elsewhere', { schema: 'public', using: `bucket_id = 'photos'` }),
  ];
  const { own, general } = policiesOf('photos', all);
  expect(own.map(({ name }) => name)).toEqual(['own', 'by check']);
  expect(general.map(({ name }) => name)).toEqual(['everywhere']);
  expect(policiesOf("it's", [policy('quoted', { using: "(bucket_id = 'it''s'::text)" })]).own).toHaveLength(1);
});

test('templates speak of their bucket alone, under names of their own that PostgreSQL keeps whole', () => {
  for (const bucket of ['photos', "it's", 'ü'.repeat(60)]) {
    const drafts = bucketTemplates(bucket).map(({ draft }) => draft);
    for (const { name, using, check } of drafts) {
      expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(63);
      expect(name).not.toContain('\ufffd');
      expect(`${using}${check}`).toContain(`bucket_id = '${bucket.replaceAll("'", "''")}'`);
    }
  }
  const names = bucketTemplates('photos').map(({ draft }) => draft.name);
  expect(new Set(names).size).toBe(names.length);
});
