import { createRequire } from 'node:module';
import { authError } from '../errors.ts';
import { fitsFirebase, parsePasswordHash } from './password-hash.ts';
import { type HashJob, type PasswordWorker, startPasswordWorker } from './password-worker.ts';
import { createWorkQueue } from './work-queue.ts';

/** Hashes and checks passwords off the event loop, a bounded number at a time. */
export interface Passwords {
  /** A bcrypt hash that pgcrypto can check too. @throws over_request_rate_limit when too many wait */
  hash(password: string): Promise<string>;
  /**
   * Whether a password belongs to a stored hash. With no hash to compare to, as much time is spent, so that unknown
   * accounts cannot be told by the clock.
   */
  verify(password: string, stored: string | null): Promise<boolean>;
  /** Ends the threads. */
  close(): void;
}

const cost = 10;
/** A hash of a random text nobody kept. */
const nobody = '$2a$10$.LT255xs23OgXdS33SzvPupGmlhDyvly14WNuNZQ7vxSrnyA2uG62';
/** Threads without work end after this time, in milliseconds. */
const idle = 60_000;

/**
 * @param concurrency hashes computed at a time, each on a thread of its own
 * @param queue hashes that may wait
 * @param niceness how far the threads stand back, 0 to 19
 * @param start begins a thread
 */
export function createPasswords(
  concurrency: number,
  queue: number,
  niceness = 0,
  start = startPasswordWorker,
): Passwords {
  const line = createWorkQueue(concurrency, queue, () =>
    authError('over_request_rate_limit', { headers: { 'retry-after': '1' } }),
  );
  const resting: { readonly worker: PasswordWorker; readonly timer: NodeJS.Timeout }[] = [];
  let closed = false;

  async function work(job: HashJob): Promise<unknown> {
    const rested = resting.pop();
    clearTimeout(rested?.timer);
    const worker = rested?.worker ?? start({ ...libraries(), niceness });
    try {
      return await worker.run(job);
    } finally {
      rest(worker);
    }
  }

  function rest(worker: PasswordWorker): void {
    if (closed) {
      worker.end();
      return;
    }
    const entry = {
      worker,
      timer: setTimeout(() => {
        resting.splice(resting.indexOf(entry), 1);
        worker.end();
      }, idle),
    };
    entry.timer.unref();
    resting.push(entry);
  }

  async function fits(password: string, stored: string | null): Promise<boolean> {
    const known = stored === null ? undefined : parsePasswordHash(stored);
    if (known?.kind === 'firebase') return fitsFirebase(password, known);
    if (known) return (await work({ kind: known.kind, password, stored: known.text })) === true;
    await work({ kind: 'bcrypt', password, stored: nobody });
    return false;
  }

  return {
    // pgcrypto reads 2a only, which the thread writes; it takes 2b for DES and then every password fails.
    hash: (password) => line.run(async () => String(await work({ kind: 'hash', password, cost }))),
    verify: (password, stored) => line.run(() => fits(password, stored)),
    close() {
      closed = true;
      for (const { worker, timer } of resting.splice(0)) {
        clearTimeout(timer);
        worker.end();
      }
    },
  };
}

function libraries(): { readonly bcrypt: string; readonly argon2: string } {
  const { resolve } = createRequire(import.meta.url);
  return { bcrypt: resolve('@node-rs/bcrypt'), argon2: resolve('@node-rs/argon2') };
}
