import { asDatabaseError, type Client, copyIn } from '#kernel/sql';
import { columns, copyData } from './rows.ts';

/**
 * Writes rows in one transaction.
 *
 * @param chunks of whole rows each
 * @throws the server's error; none of them is there then
 */
export async function writeRows(client: Pick<Client, 'pg'>, schema: string, chunks: readonly Buffer[]): Promise<void> {
  const data = copyData(chunks);
  try {
    await copyIn(client, `copy ${schema}.log_events (${columns}) from stdin (format binary)`, data);
  } catch (error) {
    if (asDatabaseError(error)?.code !== '23505') throw error;
    // Some are there already: somebody sent them again.
    await mergeRows(client, schema, data);
  }
}

async function mergeRows({ pg }: Pick<Client, 'pg'>, schema: string, data: readonly Buffer[]): Promise<void> {
  await pg.query(`begin; create temp table incoming (like ${schema}.log_events) on commit drop`);
  try {
    await copyIn({ pg }, `copy incoming (${columns}) from stdin (format binary)`, data);
    await pg.query(
      `insert into ${schema}.log_events (${columns}) select ${columns} from incoming on conflict do nothing`,
    );
    await pg.query('commit');
  } catch (error) {
    await pg.query('rollback').catch(() => {});
    throw error;
  }
}

/** Those of the ids that are there already. */
export async function knownIds(
  { pg }: Pick<Client, 'pg'>,
  schema: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const { rows } = await pg.query<{ id: string }>(
    `select id::text from ${schema}.log_events where id = any ($1::uuid[])`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}
