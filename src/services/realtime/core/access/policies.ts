import type { Logger } from '#kernel/log';
import { asDatabaseError, type Database, poolExhausted, poolTimeout } from '#kernel/sql';
import { isWritable, type ProbeSubject, readableExtensions } from '../../sql/probes.ts';
import type { Metrics } from '../metrics.ts';
import { type Access, AccessError, type Asker, type Extension, type Readable } from './access.ts';
import type { Failures } from './failures.ts';

/** What the policies are asked with. */
export interface PoliciesOptions {
  readonly db: () => Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly failures: Failures;
}

/**
 * Asks the policies on `realtime.messages` in the database. The same question asked by several at once is asked once; no
 * answer is kept.
 */
export function createPolicies({ db, log, metrics, failures }: PoliciesOptions): Access {
  const underWay = new Map<string, Promise<unknown>>();

  async function once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = underWay.get(key) as Promise<T> | undefined;
    if (known) return known;
    if (!failures.mayAttempt())
      throw new AccessError(
        'DatabaseConnectionRateLimitReached',
        'Too many database connections attempts per second',
        'unavailable',
      );
    const asked = ask().finally(() => underWay.delete(key));
    underWay.set(key, asked);
    return asked;
  }

  function failure(error: unknown, topic: string, { reqId }: Asker): AccessError {
    metrics.counters.errors++;
    const { code } = asDatabaseError(error) ?? {};
    log.warn({ reqId, err: error, topic }, 'the policies of a channel could not be asked');
    const unavailable = (name: string, text: string) => new AccessError(name, text, 'unavailable');
    if (poolExhausted(error) || poolTimeout(error))
      return unavailable('IncreaseConnectionPool', 'Please increase your connection pool size');
    if (code === '57014') return unavailable('QueryCanceled', 'Query was cancelled, please try again');
    if (code === '23514')
      return unavailable('MissingPartition', 'Realtime was unable to find the expected messages partition');
    if (code !== undefined && !/^(08|53|57P)/.test(code)) {
      failures.succeeded();
      return new AccessError(
        'Unauthorized',
        `You do not have permissions to read from this Channel topic: ${topic}`,
        'denied',
      );
    }
    failures.failed();
    if (code?.startsWith('53'))
      return unavailable('DatabaseLackOfConnections', "Database can't accept more connections, Realtime won't connect");
    // cannot_connect_now: the server is starting.
    if (code === '57P03')
      return unavailable('InitializingProjectConnection', 'Realtime is initializing the project connection');
    return unavailable('UnableToConnectToProject', 'Realtime was unable to connect to the project database');
  }

  return {
    readable: (topic, asker, presence) =>
      once(`r${keyOf(topic, asker)}${presence}`, async (): Promise<Readable> => {
        const began = performance.now();
        try {
          const asked = presence ? ['broadcast', 'presence'] : ['broadcast'];
          const may = await readableExtensions(db(), topic, asked, subjectOf(asker));
          failures.succeeded();
          return { broadcast: may.has('broadcast'), presence: may.has('presence') };
        } catch (error) {
          throw failure(error, topic, asker);
        } finally {
          metrics.observe('readCheck', performance.now() - began);
        }
      }),
    writable: (topic, asker, extension: Extension) =>
      once(`w${keyOf(topic, asker)}${extension}`, async () => {
        const began = performance.now();
        try {
          const may = await isWritable(db(), topic, extension, subjectOf(asker));
          failures.succeeded();
          return may;
        } catch (error) {
          throw failure(error, topic, asker);
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
