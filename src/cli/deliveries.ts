import { parseArgs } from 'node:util';
import {
  countDeliveries,
  type DeliveryRecord,
  type DeliveryState,
  deliveryStates,
  listDeliveries,
  reviveDeliveries,
} from '#kernel/deliveries';
import { StartupError } from '#kernel/errors';
import { asDatabaseError, connectClient } from '#kernel/sql';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { type Command, print } from './command.ts';
import { stackDatabase } from './database-connection.ts';

const flags = {
  state: { type: 'string' },
  queue: { type: 'string' },
  target: { type: 'string' },
  limit: { type: 'string' },
  all: { type: 'boolean' },
} as const;

const usualLimit = 100;
const mostShown = 10_000;

/** `deliveries`: what waits in any queue to be delivered, and what could not be. */
export const deliveriesCommand: Command = {
  name: 'deliveries',
  summary: 'events and calls of functions that wait to be delivered, and dead letters',
  help: `usage: pmoves-supabase deliveries
       pmoves-supabase deliveries list [--state waiting|delivered|dead] [--queue QUEUE] [--target TARGET] [--limit N]
       pmoves-supabase deliveries retry ID | [--queue QUEUE] [--target TARGET] | --all

Works on the database of the running stack. Without an action: how many wait and are dead, by queue and target.
QUEUE   outbox, outbox_nats (rules of \`outbox\`), functions (triggers of functions), storage_webhooks (STORAGE_WEBHOOK_URL)
TARGET  the rule, the trigger, or the address
retry   makes dead letters wait again, with all their attempts ahead of them`,

  async run(context) {
    const [action = 'count', ...rest] = context.args;
    const parsed = ['count', 'list', 'retry'].includes(action) ? parse(rest) : undefined;
    const { state = 'waiting', queue, target, limit, all } = parsed?.values ?? {};
    const id = parsed?.positionals[0];
    const isVague = action === 'retry' && id === undefined && queue === undefined && target === undefined && !all;
    if (!parsed || !isState(state) || isVague) {
      context.err(deliveriesCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const client = await connectClient(stackDatabase(settings, 'supabase_admin'));
    const db = {
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) => ({
        rows: (await client.pg.query<Row & Record<string, unknown>>(text, [...values])).rows,
      }),
    };
    try {
      if (action === 'count') {
        const counts = await countDeliveries(db);
        const lines = counts.map((each) => `${each.queue}\t${each.target}\t${each.waiting} waiting, ${each.dead} dead`);
        print(context, counts, () => lines.join('\n') || 'no deliveries');
      } else if (action === 'list') {
        const found = await listDeliveries(db, { state, queue, target, limit: limitOf(limit) });
        print(context, found, () => found.map(lineOf).join('\n') || 'no deliveries');
      } else {
        const retried = await reviveDeliveries(db, { queue, target, id });
        print(context, { retried }, () => `${retried} tried again`);
      }
    } catch (error) {
      const refusal = asDatabaseError(error);
      throw refusal ? new StartupError(refusal.message, undefined, error) : error;
    } finally {
      await client.pg.end().catch(() => {});
    }
    return 0;
  },
};

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch {
    return undefined;
  }
}

const isState = (text: string): text is DeliveryState => (deliveryStates as readonly string[]).includes(text);

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? usualLimit);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new StartupError(`--limit ${text} is no number of deliveries`);
  return Math.min(limit, mostShown);
}

function lineOf({ id, queue, target, state, at, attempts }: DeliveryRecord): string {
  const last = attempts.at(-1);
  const said = last === undefined ? '' : `${last.status ?? ''} ${last.error ?? ''}`.trim();
  return [id, queue, target, `${state} ${at.toISOString()}`, `${attempts.length} attempts`, said].join('\t');
}
