import type { Client } from '#kernel/sql';

/** A partition of the events. Moments are seconds since the epoch. */
export interface Partition {
  readonly name: string;
  readonly from: number;
  /** The first moment that does not belong to it. */
  readonly to: number;
  readonly bytes: number;
}

const prefix = 'log_events_';
const lockKey = 7_366_018;

/** All partitions, oldest first. The bounds stand in their names. */
export async function listPartitions({ pg }: Pick<Client, 'pg'>, schema: string): Promise<Partition[]> {
  const { rows } = await pg.query<{ name: string; bytes: string }>(
    `select c.relname as name, pg_total_relation_size(c.oid)::text as bytes
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = to_regclass($1)`,
    [`${schema}.log_events`],
  );
  const partitions = rows.flatMap(({ name, bytes }) => {
    const [from, to] = name.slice(prefix.length).split('_').map(Number);
    return from !== undefined && to !== undefined && from < to ? [{ name, from, to, bytes: Number(bytes) }] : [];
  });
  return partitions.sort((a, b) => a.from - b.from);
}

/**
 * The slot that a moment needs: from the last multiple of `span` before it to the next, less what others cover already.
 *
 * @param existing those that there are, none of which holds the moment
 */
export function slotFor(
  moment: number,
  span: number,
  existing: readonly Pick<Partition, 'from' | 'to'>[],
): Pick<Partition, 'from' | 'to'> {
  let from = Math.floor(moment / span) * span;
  let to = from + span;
  for (const other of existing) {
    if (other.to <= moment) from = Math.max(from, other.to);
    else if (other.from > moment) to = Math.min(to, other.from);
  }
  return { from, to };
}

/** Makes partitions for moments that have none. Other nodes may do the same. @returns all partitions */
export async function addPartitions(
  client: Pick<Client, 'pg'>,
  schema: string,
  moments: readonly number[],
  span: number,
): Promise<Partition[]> {
  const { pg } = client;
  await pg.query('begin');
  try {
    await pg.query('select pg_advisory_xact_lock($1)', [lockKey]);
    const existing = await listPartitions(client, schema);
    for (const moment of moments) {
      if (existing.some(({ from, to }) => from <= moment && moment < to)) continue;
      const { from, to } = slotFor(moment, span, existing);
      const name = `${prefix}${from}_${to}`;
      // Made beside and then attached: that takes no lock that readers would have to wait for.
      await pg.query(`
create table ${schema}.${name} (like ${schema}.log_events including defaults including constraints);
create unique index ${name}_id_idx on ${schema}.${name} (id);
alter table ${schema}.log_events attach partition ${schema}.${name}
  for values from (to_timestamp(${from})) to (to_timestamp(${to}));
`);
      existing.push({ name, from, to, bytes: 0 });
    }
    await pg.query('commit');
    return existing.sort((a, b) => a.from - b.from);
  } catch (error) {
    await pg.query('rollback').catch(() => {});
    throw error;
  }
}

/** Removes partitions. Does nothing when another node is at it, or when a query holds them for more than a moment. */
export async function dropPartitions(
  { pg }: Pick<Client, 'pg'>,
  schema: string,
  names: readonly string[],
): Promise<boolean> {
  await pg.query(`begin; set local lock_timeout = '2s'`);
  try {
    const { rows } = await pg.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [lockKey]);
    if (rows[0]?.mine) await pg.query(names.map((name) => `drop table if exists ${schema}.${name}`).join(';\n'));
    await pg.query('commit');
    return rows[0]?.mine ?? false;
  } catch (error) {
    await pg.query('rollback').catch(() => {});
    if ((error as { code?: string }).code === '55P03') return false;
    throw error;
  }
}
