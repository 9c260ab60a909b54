import type { EventPayload, OutboxEvent } from '../../../sql/background/outbox.ts';

/** What is sent. */
export interface EventMessage {
  readonly subject: string;
  readonly body: string;
}

const ingestSubject = 'ingest.file.added.v1';

/** Subject and body of an event: the envelope of the PMOVES bus (its members, and no others), or the payload alone. */
export function messageOf(event: OutboxEvent): EventMessage {
  const subject = subjectOf(event);
  const payload = event.format === 'ingest' ? addedFile(event.payload) : event.payload;
  if (event.format === 'raw') return { subject, body: JSON.stringify(payload) };
  const envelope = {
    id: event.messageId,
    topic: subject,
    ts: event.createdAt.toISOString(),
    version: 'v1',
    source: 'supabase',
    payload,
  };
  return { subject, body: JSON.stringify(envelope) };
}

/**
 * The subject: what stands behind `nats:` with its placeholders filled in, else the default of the source. Placeholders:
 * `{schema}`, `{table}`, `{event}`, `{bucket}`.
 */
function subjectOf({ target, source, format, event, payload }: OutboxEvent): string {
  const row = payload.record ?? payload.old_record ?? {};
  const values: Readonly<Record<string, string>> = {
    schema: payload.schema,
    table: payload.table,
    event,
    bucket: typeof row.bucket_id === 'string' ? row.bucket_id : '',
  };
  const given = target.startsWith('nats:') ? target.slice('nats:'.length).replace(/^\/\//, '') : '';
  const template = given || (format === 'ingest' ? ingestSubject : defaults[source]);
  return template.replace(/\{(schema|table|event|bucket)\}/g, (_, name: string) => token(values[name] ?? ''));
}

const defaults = {
  table: 'supabase.db.{schema}.{table}.{event}.v1',
  auth: 'supabase.auth.{event}.v1',
  storage: 'supabase.storage.{bucket}.{event}.v1',
} as const;

/** A name as one token of a subject: dots, blanks and wildcards would make it another one. */
function token(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\x00-\x1f\s.*>\x7f]/g, '_') || '_';
}

/** The payload of `ingest.file.added.v1` for a stored object. */
function addedFile({ record, old_record }: EventPayload): object {
  const row = record ?? old_record ?? {};
  const metadata = (row.metadata ?? {}) as Readonly<Record<string, unknown>>;
  const path = [row.bucket_id, ...String(row.name ?? '').split('/')].map((part) => encodeURIComponent(String(part)));
  const checksum = typeof metadata.eTag === 'string' ? metadata.eTag.replaceAll('"', '') : undefined;
  return {
    file_id: String(row.id ?? ''),
    uri: `supabase://${path.join('/')}`,
    kind: kindOf(metadata.mimetype),
    ...(checksum !== undefined && { checksum }),
    ...(typeof metadata.size === 'number' && { size_bytes: metadata.size }),
    meta: {
      bucket: row.bucket_id,
      name: row.name,
      ...(typeof metadata.mimetype === 'string' && { mimetype: metadata.mimetype }),
      ...(row.user_metadata ? { user_metadata: row.user_metadata } : {}),
    },
  };
}

function kindOf(mimetype: unknown): 'audio' | 'video' | 'image' | 'document' | 'other' {
  const type = typeof mimetype === 'string' ? mimetype : '';
  const group = type.split('/')[0];
  if (group === 'audio' || group === 'video' || group === 'image') return group;
  return group === 'text' || /pdf|msword|officedocument|opendocument|rtf|epub|json|xml/.test(type)
    ? 'document'
    : 'other';
}
