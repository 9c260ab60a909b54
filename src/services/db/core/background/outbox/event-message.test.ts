import fc from 'fast-check';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import type { OutboxEvent } from '../../../sql/background/outbox.ts';
import { messageOf } from './event-message.ts';

/** The envelope of the PMOVES bus, as its specification has it. */
const envelopeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'topic', 'ts', 'version', 'source', 'payload'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    topic: { type: 'string', pattern: '^[^\\s.*>]+(\\.[^\\s.*>]+)*\\.v[0-9]+$' },
    ts: { type: 'string', format: 'date-time', pattern: 'Z$' },
    version: { const: 'v1' },
    source: { type: 'string' },
    payload: { type: 'object' },
    correlation_id: { type: 'string' },
    parent_id: { type: 'string' },
    actor: { type: 'string' },
    labels: { type: 'array', items: { type: 'string' } },
  },
};
const fileAddedSchema = {
  ...envelopeSchema,
  properties: {
    ...envelopeSchema.properties,
    payload: {
      type: 'object',
      additionalProperties: false,
      required: ['file_id', 'uri', 'kind'],
      properties: {
        file_id: { type: 'string', minLength: 1 },
        uri: { type: 'string', pattern: '^(supabase|s3)://' },
        kind: { enum: ['audio', 'video', 'image', 'document', 'other'] },
        checksum: { type: 'string' },
        size_bytes: { type: 'integer' },
        meta: { type: 'object' },
      },
    },
  },
};

async function complaint(schema: object, body: string): Promise<string> {
  const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
  app.post('/', { schema: { body: schema } }, async () => 'fits');
  const answer = await app.inject({ method: 'POST', url: '/', headers: { 'content-type': 'application/json' }, body });
  await app.close();
  return answer.body;
}

const event = (more: Partial<OutboxEvent> = {}): OutboxEvent => ({
  messageId: 'c0a8012e-7b9a-4f0e-8a5e-6f2f0e7d9a11',
  source: 'table',
  target: 'nats:',
  format: 'envelope',
  headers: {},
  secret: null,
  attempts: 12,
  event: 'insert',
  payload: { type: 'INSERT', table: 'notes', schema: 'public', record: { id: 1 }, old_record: null },
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  ...more,
});
const stored = {
  type: 'INSERT',
  table: 'objects',
  schema: 'storage',
  record: {
    id: '5d0d7f0e-0000-4000-8000-000000000000',
    bucket_id: 'my.bucket',
    name: 'a folder/clip #1.mp4',
    metadata: { eTag: '"abc"', size: 12, mimetype: 'video/mp4' },
  },
  old_record: null,
} as const;

test('the envelope fits its schema, which knows an intruder', async () => {
  const { subject, body } = messageOf(event());
  expect(subject).toBe('supabase.db.public.notes.insert.v1');
  expect(JSON.parse(body)).toEqual({
    id: event().messageId,
    topic: subject,
    ts: '2026-01-02T03:04:05.678Z',
    version: 'v1',
    source: 'supabase',
    payload: event().payload,
  });
  expect(await complaint(envelopeSchema, body)).toBe('fits');
  expect(await complaint(envelopeSchema, JSON.stringify({ ...JSON.parse(body), more: 1 }))).not.toBe('fits');
  expect(await complaint(envelopeSchema, JSON.stringify(event().payload))).not.toBe('fits');
});

test('a stored object as an added file', async () => {
  const { subject, body } = messageOf(
    event({ source: 'storage', format: 'ingest', event: 'created', payload: stored }),
  );
  expect(subject).toBe('ingest.file.added.v1');
  expect(await complaint(fileAddedSchema, body)).toBe('fits');
  expect(JSON.parse(body).payload).toMatchObject({
    uri: 'supabase://my.bucket/a%20folder/clip%20%231.mp4',
    kind: 'video',
    checksum: 'abc',
    size_bytes: 12,
  });
});

test.each([
  [{}, 'supabase.db.public.notes.insert.v1'],
  [{ source: 'auth', event: 'login' }, 'supabase.auth.login.v1'],
  [{ source: 'storage', event: 'removed', payload: stored }, 'supabase.storage.my_bucket.removed.v1'],
  [{ target: 'nats://orders.{table}.{event}.v1' }, 'orders.notes.insert.v1'],
  [{ target: 'nats:fixed.v1' }, 'fixed.v1'],
  [{ payload: { ...event().payload, table: 'a b.c>*' } }, 'supabase.db.public.a_b_c__.insert.v1'],
] as const)('the subject of %j is %s', (more, expected) => {
  expect(messageOf(event(more as Partial<OutboxEvent>)).subject).toBe(expected);
});

test('raw is the payload alone', () => {
  expect(JSON.parse(messageOf(event({ format: 'raw' })).body)).toEqual(event().payload);
});

test('whatever tables are called, a subject has its five parts', () => {
  const name = fc.string({ unit: 'binary', maxLength: 63 });
  fc.assert(
    fc.property(name, name, (schema, table) => {
      const { subject } = messageOf(event({ payload: { ...event().payload, schema, table } }));
      expect(subject.split('.')).toHaveLength(6);
      expect(subject).toMatch(/^[^\s.*>]+(\.[^\s.*>]+){5}$/);
    }),
    { examples: [['', '\u00a0']] },
  );
});
