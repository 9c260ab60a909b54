import { randomUUID } from 'node:crypto';
import { asDatabaseError, type Database, type PipelineStep } from '#kernel/sql';

/** Who a policy on `realtime.messages` is asked for. */
export interface ProbeSubject {
  readonly role: string;
  /** JSON text. */
  readonly claims: string;
  readonly subject: string;
  /** JSON text. */
  readonly headers: string;
}

const identity = `
select set_config('role', $1, true), set_config('realtime.topic', $2, true),
  set_config('request.jwt.claims', $3, true), set_config('request.jwt.claim.sub', $4, true),
  set_config('request.jwt.claim.role', $1, true), set_config('request.headers', $5, true)`;

const identityStep = ({ role, claims, subject, headers }: ProbeSubject, topic: string): PipelineStep => ({
  text: identity,
  values: [role, topic, claims, subject, headers],
});

/** Scope of the prepared statements of these transactions. */
const scope = 'realtime probes';

/**
 * Which extensions of a topic may be read: a row of each is inserted, looked for under the caller's role, and rolled back
 * (spec §3.6). One round trip.
 *
 * @throws what a policy raises
 */
export async function readableExtensions(
  db: Database,
  topic: string,
  extensions: readonly string[],
  subject: ProbeSubject,
): Promise<ReadonlySet<string>> {
  const ids = `{${extensions.map(() => randomUUID()).join(',')}}`;
  const results = await db.pipeline({
    role: scope,
    begin: 'begin',
    steps: [
      {
        text: `insert into realtime.messages (id, extension, topic)
          select id, extension, $3 from unnest($1::uuid[], $2::text[]) as probe (id, extension)`,
        values: [ids, `{${extensions.join(',')}}`, topic],
      },
      identityStep(subject, topic),
      { text: 'select extension from realtime.messages where id = any ($1::uuid[])', values: [ids] },
    ],
    end: 'rollback',
  });
  return new Set(results[2]?.rows.map(([extension]) => extension as string));
}

/** Whether a row of an extension may be inserted by the caller. @throws what a policy raises */
export async function isWritable(
  db: Database,
  topic: string,
  extension: string,
  subject: ProbeSubject,
): Promise<boolean> {
  try {
    await db.pipeline({
      role: scope,
      begin: 'begin',
      steps: [
        identityStep(subject, topic),
        { text: 'insert into realtime.messages (extension, topic) values ($1, $2)', values: [extension, topic] },
      ],
      end: 'rollback',
    });
    return true;
  } catch (error) {
    // insufficient_privilege: what row level security says.
    if (asDatabaseError(error)?.code === '42501') return false;
    throw error;
  }
}
