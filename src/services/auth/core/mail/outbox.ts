import { ServiceError } from '#kernel/errors';
import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import { authError } from '../../errors.ts';
import {
  claimLetters,
  delayLetters,
  deleteLetters,
  type HeldLetter,
  outboxState,
  putLetter,
} from '../../sql/outbox.ts';
import type { Sql } from '../../sql/rows.ts';
import { backOff, describeFailure, judgeFailure } from './delivery-failure.ts';
import type { Letter, Postponed } from './mail.ts';
import type { Seal } from './seal.ts';

/** How the outbox works. Spans are in milliseconds. */
export interface OutboxOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly seal: Seal;
  /** @throws whatever keeps the mail from going */
  readonly deliver: (letter: Letter) => Promise<void>;
  /** Does what a request asks for. @throws ServiceError below 500 when it is refused for good */
  readonly perform: (request: Postponed) => Promise<void>;
  /** Letters and requests that may wait. */
  readonly size: number;
  /** Letters under way at a time. */
  readonly concurrency: number;
  readonly firstPause: number;
  readonly longestPause: number;
  /** Age from which a letter is given up. */
  readonly maxAge: number;
  /** Longest a node goes without looking for letters that another one left behind. */
  readonly pollInterval: number;
  /** Time a node has for what it took; another one takes over afterwards. */
  readonly lease: number;
}

/** Letters on their way, kept in the database until a mail server has taken them. */
export interface Outbox {
  /** Stores a letter, best in the transaction it belongs to. @throws over_email_send_rate_limit when too many wait */
  put(sql: Sql, letter: Letter | Postponed): Promise<void>;
  /** Looks for letters now; called after the commit that stored some. */
  wake(): void;
  /** What health tells: letters that wait, and why the last try failed, if it did. */
  state(): Promise<{ readonly waiting: number; readonly failure?: string }>;
  start(): void;
  /** Waits for letters under way. */
  stop(): Promise<void>;
}

/**
 * Creates an outbox. A letter is sent at least once: it is taken for a while, sent outside any transaction, and removed
 * when the server has taken it, so a node that dies in between costs a second copy, never the mail.
 *
 * While the server as a whole does not answer, a node tries one letter at a time, ever more seldom; the letters' own
 * tries do not count. A letter that is refused for good, and one too old to be of use, is removed and named in the log.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { db, log } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = true;
  let failures = 0;
  let failure: string | undefined;

  function plan(delay: number): void {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(run, Math.min(Math.max(0, delay), options.pollInterval));
    timer.unref();
  }

  function run(): void {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    running = pass().finally(() => {
      running = undefined;
      if (!again) return;
      again = false;
      run();
    });
  }

  async function pass(): Promise<void> {
    try {
      for (;;) {
        const letters = await claimLetters(db, failures > 0 ? 1 : options.concurrency, options.lease);
        if (letters.length === 0) break;
        const results = await Promise.all(letters.map((letter) => tryOne(letter)));
        if (results.includes('server')) {
          failures++;
          return plan(backOff(failures, options.firstPause, options.longestPause, Math.random));
        }
        if (results.includes('done')) {
          failures = 0;
          failure = undefined;
        }
        if (stopped) return;
      }
      plan((await outboxState(db)).due ?? options.pollInterval);
    } catch (error) {
      if (!stopped) log.warn({ err: error }, 'the outbox could not be read');
      plan(options.pollInterval);
    }
  }

  async function tryOne(held: HeldLetter): Promise<'done' | 'server' | 'request'> {
    const about = { kind: held.kind, letter: held.id };
    if (held.age > options.maxAge) {
      log.error(about, 'a mail is too old to be of use and was given up');
      await deleteLetters(db, [held.id]);
      return 'done';
    }
    let letter: Letter | Postponed;
    try {
      letter = options.seal.open(held.letter) as typeof letter;
    } catch {
      // Another node may have the secret, while it is being changed.
      log.warn(about, 'a mail was written under another JWT_SECRET and cannot be read here');
      await delayLetters(db, [held.id], options.longestPause, false);
      return 'done';
    }
    if (letter.kind === 'request' || letter.kind === 'message') return perform(held, letter);
    try {
      await options.deliver(letter);
    } catch (error) {
      return settle(held, error);
    }
    await deleteLetters(db, [held.id]);
    return 'done';
  }

  // The mail server has no part in it, so nothing is learnt of it.
  async function perform(held: HeldLetter, request: Postponed): Promise<'request'> {
    const wants = request.kind === 'request' ? request.wants : request.message.data.email_action_type;
    const about = { wants, request: held.id, attempts: held.attempts };
    try {
      await options.perform(request);
    } catch (error) {
      if (!isRefusal(error)) {
        log.warn({ ...about, err: error }, 'a request for a mail failed; it is tried again');
        const pause = backOff(held.attempts, options.firstPause, options.longestPause, Math.random);
        await delayLetters(db, [held.id], pause, true);
        return 'request';
      }
      log.info({ ...about, code: error.code }, 'a request for a mail was refused');
    }
    await deleteLetters(db, [held.id]);
    return 'request';
  }

  // An application's own sender that did not answer has refused nothing.
  const isRefusal = (error: unknown): error is ServiceError =>
    error instanceof ServiceError && error.status < 500 && !error.code.startsWith('hook_timeout');

  async function settle(held: HeldLetter, error: unknown): Promise<'done' | 'server'> {
    const about = { kind: held.kind, letter: held.id, attempts: held.attempts, reason: describeFailure(error) };
    failure = about.reason;
    switch (judgeFailure(error)) {
      case 'never':
        log.error(about, 'the mail server refused a mail for good');
        await deleteLetters(db, [held.id]);
        return 'done';
      case 'later':
        log.warn(about, 'the mail server did not take a mail; it is tried again');
        await delayLetters(
          db,
          [held.id],
          backOff(held.attempts, options.firstPause, options.longestPause, Math.random),
          true,
        );
        return 'done';
      default:
        log.warn(about, 'the mail server does not answer as it should; mails wait');
        await delayLetters(db, [held.id], 0, false);
        return 'server';
    }
  }

  return {
    async put(sql, letter) {
      if (!(await putLetter(sql, letter.kind, options.seal.close(letter), options.size)))
        throw authError('over_email_send_rate_limit', { headers: { 'retry-after': '60' } });
    },
    // While the server is away, new letters do not make the pause shorter.
    wake: () => {
      if (failures === 0) run();
    },
    async state() {
      const { waiting } = await outboxState(db);
      return { waiting, ...(failure !== undefined && { failure }) };
    },
    start() {
      stopped = false;
      run();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
