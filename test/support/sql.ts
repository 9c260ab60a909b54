import pg from 'pg';
import type { StackAddress } from './stack.ts';

/** A connection URL as an operator would write it. */
export function postgresUrl(stack: StackAddress, role = 'postgres', database = 'postgres'): string {
  return `postgresql://${role}:${encodeURIComponent(stack.env.postgresPassword)}@127.0.0.1:${stack.dbPort}/${database}`;
}

/** Connects as a login role; the caller ends it. */
export async function connectDatabase(stack: StackAddress, role = 'postgres'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgresUrl(stack, role) });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Runs SQL as `postgres` on a connection of its own. @returns the rows of its last statement */
export async function runSql<Row = Record<string, unknown>>(
  stack: StackAddress,
  sql: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  const client = await connectDatabase(stack);
  try {
    const result = await client.query(sql, values === undefined ? undefined : [...values]);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return (last?.rows ?? []) as Row[];
  } finally {
    await client.end();
  }
}
