import { expect, test } from 'vitest';
import { createStatementRegistry, PreparedThere } from '../core/prepared-statements.ts';
import { ClientStatements } from './client-statements.ts';
import { Outstanding } from './outstanding.ts';
import type { PooledServer } from './pooled-server.ts';

test('a statement beyond what a server connection keeps makes the least recent one go, and that is counted', () => {
  let evicted = 0;
  const limits = { perClient: 9, clientBytes: 1_000, perServer: 2 };
  const statements = new ClientStatements(createStatementRegistry(9), limits, () => evicted++);
  const server = { statements: new PreparedThere() } as PooledServer;
  const outstanding = new Outstanding();
  const parse = (name: string) => statements.parse(name, Buffer.from(`select '${name}'\0\0\0`), server, outstanding);
  parse('a');
  parse('b');
  expect(evicted).toBe(0);
  const [, closed] = parse('c');
  expect(closed?.toString('latin1')).toMatch(/^C.*Spooler_1\0$/s);
  expect([evicted, server.statements.size]).toEqual([1, 2]);
});
