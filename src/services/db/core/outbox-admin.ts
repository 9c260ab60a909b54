import { StartupError } from '#kernel/errors';
import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';
import * as rules from '../sql/outbox-rules.ts';

/** Everything that is known of events that leave, and of messages that come in. */
export interface OutboxOverview {
  readonly outbox: readonly rules.OutboxRuleState[];
  readonly inbox: readonly rules.InboxRuleState[];
}

/** Looks after the rules of a running database. */
export interface OutboxAdmin {
  overview(): Promise<OutboxOverview>;
  add(rule: rules.NewOutboxRule): Promise<void>;
  addInbox(rule: Parameters<typeof rules.addInboxRule>[1]): Promise<void>;
  /** @returns whether there was one */
  remove(name: string): Promise<boolean>;
}

/** @param connection as `postgres`. What the database refuses is a StartupError with its words. */
export function createOutboxAdmin(connection: ConnectionOptions): OutboxAdmin {
  async function using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await connectClient(connection);
    try {
      return await work(client);
    } catch (error) {
      const refusal = asDatabaseError(error);
      throw refusal ? new StartupError(refusal.message, undefined, error) : error;
    } finally {
      await client.pg.end().catch(() => {});
    }
  }
  return {
    overview: () =>
      using(async (client) => ({
        outbox: await rules.listOutboxRules(client),
        inbox: await rules.listInboxRules(client),
      })),
    add: (rule) => using((client) => rules.addOutboxRule(client, rule)),
    addInbox: (rule) => using((client) => rules.addInboxRule(client, rule)),
    remove: (name) => using((client) => rules.removeRule(client, name)),
  };
}
