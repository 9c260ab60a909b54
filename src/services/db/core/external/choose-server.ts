import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#kernel/errors';
import { type DatabaseRecord, recordPath } from '../place/record.ts';

/** Names that every compose `.env` holds for its own database container. */
const composeHosts = new Set(['db', 'supabase-db']);

const lookupTimeout = 2_000;

/** Whether a host name has an address. A resolver that does not answer in time counts as no. */
export async function resolves(host: string): Promise<boolean> {
  const timer = new AbortController();
  const answer = lookup(host).then(
    () => true,
    () => false,
  );
  const late = sleep(lookupTimeout, false, { signal: timer.signal }).catch(() => false);
  const found = await Promise.race([answer, late]);
  timer.abort();
  return found;
}

/**
 * Decides between the embedded server and an external one. A choice that was made before is kept; one that contradicts
 * the settings is an error, since silently opening another database would look like lost data.
 *
 * @param host POSTGRES_HOST
 * @param home the `db` folder that the record lies in
 */
export async function chooseServer(
  host: string | undefined,
  record: DatabaseRecord | undefined,
  home: string,
  resolvesNow: (host: string) => Promise<boolean> = resolves,
): Promise<'embedded' | 'external'> {
  if (host === undefined) {
    if (record?.kind === 'external')
      throw new StartupError(
        `this folder belongs to the database on ${record.host}, but no server is set; to start with an embedded one instead, remove ${recordPath(home)}`,
        'POSTGRES_HOST',
      );
    return 'embedded';
  }
  if (composeHosts.has(host)) {
    // A name that resolves only at times is no reason to change over.
    if (record) return record.kind;
    return (await resolvesNow(host)) ? 'external' : 'embedded';
  }
  if (record?.kind === 'embedded')
    throw new StartupError(
      `this folder holds an embedded database, but the server ${host} is set; unset it to keep that database, or remove ${recordPath(home)} to change over to ${host}`,
      'POSTGRES_HOST',
    );
  return 'external';
}
