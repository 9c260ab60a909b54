import { expect, test } from 'vitest';
import type { Client } from '#kernel/sql';
import { assertLogicalServer } from './slot.ts';

/** A server that describes itself so. */
const server = (row: Record<string, unknown>): Client =>
  ({ pg: { query: async () => ({ rows: [row] }) } }) as unknown as Client;

const ready = { wal_level: 'logical', slots: '10', senders: '10', replication: true };

test('a server that can send changes is taken as it is', async () => {
  await expect(assertLogicalServer(server(ready))).resolves.toBeUndefined();
});

test.each([
  [
    { wal_level: 'replica' },
    "wal_level is replica: run ALTER SYSTEM SET wal_level = 'logical' on the database server and restart it",
  ],
  [{ slots: '0' }, 'max_replication_slots and max_wal_senders must be at least 1 on the server'],
  [{ senders: '0' }, 'max_replication_slots and max_wal_senders must be at least 1 on the server'],
  [{ replication: false }, 'the role that reads changes needs the attribute: ALTER ROLE … REPLICATION'],
])('one that cannot is told of in one line what to change: %j', async (lack, advice) => {
  await expect(assertLogicalServer(server({ ...ready, ...lack }))).rejects.toThrow(new RegExp(`^${literal(advice)}$`));
});

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
