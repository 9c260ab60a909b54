import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStream, StreamMessage } from '#kernel/bus';
import type { Logger } from '#kernel/log';
import { asDatabaseError } from '#kernel/sql';
import { type InboxRule, rejectMessage, takeMessage } from '../../../sql/background/outbox.ts';
import type { WorkConnection } from '../../../sql/background/work-connection.ts';

/** Messages that become rows, by the rules in force. */
export interface Inbox {
  /** Follows these rules from now on, and no others. */
  follow(rules: readonly InboxRule[]): void;
  stop(): Promise<void>;
  readonly taken: number;
}

const againAfter = 2_000;
/** Errors of a message's content: data exceptions, violated constraints, tables and columns that do not fit. */
const ofContent = /^(22|23|42)/;

/** @param connection the one that stands; undefined while there is none */
export function createInbox(stream: EventStream, connection: () => WorkConnection | undefined, log: Logger): Inbox {
  const running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  let taken = 0;

  async function handle(rule: InboxRule, { subject, body }: StreamMessage): Promise<void> {
    const current = connection();
    if (!current) throw new Error('the connection to the database is lost');
    try {
      await takeMessage(current, rule, rowOf(rule, body));
    } catch (error) {
      const isContent = error instanceof SyntaxError || ofContent.test(asDatabaseError(error)?.code ?? '');
      if (!isContent) throw error;
      const text = body.toString().replaceAll('\0', '\ufffd');
      await rejectMessage(current, rule, subject, text, (error as Error).message);
    }
    taken++;
  }

  async function run(rule: InboxRule, signal: AbortSignal): Promise<void> {
    let told = '';
    while (!signal.aborted) {
      try {
        const { stream: from, name, subject } = rule;
        await stream.consume({ stream: from, name: `inbox_${name}`, subject, signal }, (message) =>
          handle(rule, message),
        );
      } catch (error) {
        const { message } = error as Error;
        if (message !== told && !signal.aborted)
          log.warn({ err: error, rule: rule.name }, 'an inbox rule is tried again');
        told = message;
      }
      await sleep(againAfter, undefined, { signal }).catch(() => {});
    }
  }

  return {
    follow(rules) {
      const wanted = new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
      for (const [key, { abort }] of running) {
        if (wanted.has(key)) continue;
        abort.abort();
        running.delete(key);
      }
      for (const [key, rule] of wanted) {
        if (running.has(key)) continue;
        const abort = new AbortController();
        running.set(key, { abort, done: run(rule, abort.signal) });
      }
    },
    async stop() {
      const all = [...running.values()];
      running.clear();
      for (const { abort } of all) abort.abort();
      await Promise.all(all.map(({ done }) => done));
    },
    get taken() {
      return taken;
    },
  };
}

function rowOf({ path }: InboxRule, body: Buffer): unknown {
  let value: unknown = JSON.parse(body.toString());
  for (const step of path ?? [])
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError(`there is no object at ${(path ?? []).join('.') || 'the top'}`);
  return value;
}
