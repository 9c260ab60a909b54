import type { Logger } from '#kernel/log';
import { asDatabaseError, type Database, poolExhausted, poolTimeout } from '#kernel/sql';
import { isWritable, type ProbeSubject, readableExtensions } from '../../sql/probes.ts';
import type { Metrics } from '../metrics.ts';
import { type Access, AccessError, type Asker, type Extension, type Readable } from './access.ts';

/** What the policies are asked with. */
export interface PoliciesOptions {
  readonly db: () => Database;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Asks the policies on `realtime.messages` in the database. The same question asked by several at once is asked once; no
 * answer is kept.
 */
export function createPolicies({ db, log, metrics }: PoliciesOptions): Access {
  const underWay = new Map<string, Promise<unknown>>();

  function once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = underWay.get(key) as Promise<T> | undefined;
    if (known) return known;
    const asked = ask().finally(() => underWay.delete(key));
    underWay.set(key, asked);
    return asked;
  }

  function failure(error: unknown, topic: string): AccessError {
    metrics.counters.errors++;
    const { code } = asDatabaseError(error) ?? {};
    log.warn({ err: error, topic }, 'the policies of a channel could not be asked');
    if (poolExhausted(error) || poolTimeout(error))
      return new AccessError('IncreaseConnectionPool', 'Please increase your connection pool size');
    if (code?.startsWith('53'))
      return new AccessError(
        'DatabaseLackOfConnections',
        "Database can't accept more connections, Realtime won't connect",
      );
    if (code === '57014') return new AccessError('QueryCanceled', 'Query was cancelled, please try again');
    // undefined_table, or no partition for the row.
    if (code === '23514')
      return new AccessError('MissingPartition', 'Realtime was unable to find the expected messages partition');
    if (code === undefined || code.startsWith('08') || code.startsWith('57P'))
      return new AccessError('UnableToConnectToProject', 'Realtime was unable to connect to the project database');
    return new AccessError('Unauthorized', `You do not have permissions to read from this Channel topic: ${topic}`);
  }

  return {
    readable: (topic, asker, presence) =>
      once(`r${keyOf(topic, asker)}${presence}`, async (): Promise<Readable> => {
        const began = performance.now();
        try {
          const asked = presence ? ['broadcast', 'presence'] : ['broadcast'];
          const may = await readableExtensions(db(), topic, asked, subjectOf(asker));
          return { broadcast: may.has('broadcast'), presence: may.has('presence') };
        } catch (error) {
          throw failure(error, topic);
        } finally {
          metrics.observe('readCheck', performance.now() - began);
        }
      }),
    writable: (topic, asker, extension: Extension) =>
      once(`w${keyOf(topic, asker)}${extension}`, async () => {
        const began = performance.now();
        try {
          return await isWritable(db(), topic, extension, subjectOf(asker));
        } catch (error) {
          throw failure(error, topic);
        } finally {
          metrics.observe('writeCheck', performance.now() - began);
        }
      }),
  };
}

// NUL stands in none of the three.
const keyOf = (topic: string, { token, headers }: Asker): string => `${topic}\0${token.text}\0${headers}\0`;

function subjectOf({ token, headers }: Asker): ProbeSubject {
  const { claims, role } = token;
  return {
    role,
    claims: JSON.stringify(claims),
    subject: typeof claims.sub === 'string' ? claims.sub : '',
    headers,
  };
}
