import pg from 'pg';
import type { Product } from './product.ts';

/** Runs SQL in a product's database as its owner. */
export async function asPostgres({ database, env }: Product, sql: string): Promise<void> {
  const client = new pg.Client({
    host: database.socketDir,
    port: database.port,
    database: database.name,
    user: 'postgres',
    password: env.POSTGRES_PASSWORD ?? '',
  });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
