import { ownSchema } from './own-tables.ts';
import type { Sql } from './rows.ts';

const table = `${ownSchema}.auth_limits`;

// $2 now, $3 burst, $4 what flows in each millisecond, $5 wanted, $6 share of the rest that is taken along.
const refilled = `
  least($3::float8, held.level + greatest(extract(epoch from $2::timestamptz - held.at) * 1000, 0) * $4::float8)`;
const granted = (level: string): string => `($5::float8 + floor((${level} - $5::float8) * $6::float8))`;
const fullAt = (level: string): string =>
  `$2::timestamptz + least(($3::float8 - (${level})) / greatest($4::float8, 1e-9), 86400000) * interval '1 millisecond'`;

const statements = {
  take: `
    insert into ${table} as held (key, level, at, granted, full_at)
    select $1, $3::float8 - ${granted('$3::float8')}, $2, ${granted('$3::float8')},
      ${fullAt(`$3::float8 - ${granted('$3::float8')}`)}
    where $3::float8 >= $5::float8
    on conflict (key) do update set
      level = ${refilled} - ${granted(refilled)}, at = greatest(held.at, excluded.at), granted = ${granted(refilled)},
      full_at = ${fullAt(`${refilled} - ${granted(refilled)}`)}
    where ${refilled} >= $5::float8
    returning granted`,
  giveBack: `
    update ${table} held set level = held.level + back.amount
    from unnest($1::bytea[], $2::float8[]) as back (key, amount) where held.key = back.key`,
  untilFull: `select extract(epoch from full_at - $2::timestamptz) * 1000 as left from ${table} where key = $1`,
  forget: `
    delete from ${table} where key in (
      select key from ${table} where full_at < $1 limit 1000 for update skip locked)`,
};

/** A bucket of a limit, by a digest of what it belongs to. */
export interface Draft {
  readonly key: Buffer;
  readonly now: string;
  readonly burst: number;
  /** What flows in each millisecond. */
  readonly inflow: number;
  readonly wanted: number;
  /** Share of what is left beyond `wanted` that is taken along, 0 to 1. */
  readonly share: number;
}

/** Takes from a bucket, all that is wanted or nothing. @returns what was taken; 0 writes nothing */
export async function takeFromBucket(sql: Sql, draft: Draft): Promise<number> {
  const { key, now, burst, inflow, wanted, share } = draft;
  const { rows } = await sql.query<{ granted: number }>(statements.take, [key, now, burst, inflow, wanted, share]);
  return rows[0]?.granted ?? 0;
}

/** Puts back what was taken and not used. What is beyond the burst is cut when the bucket is next taken from. */
export async function giveBack(sql: Sql, keys: readonly Buffer[], amounts: readonly number[]): Promise<void> {
  await sql.query(statements.giveBack, [keys, amounts]);
}

/** Milliseconds until a bucket is full; 0 for one that is. */
export async function millisecondsUntilFull(sql: Sql, key: Buffer, now: string): Promise<number> {
  const { rows } = await sql.query<{ left: string }>(statements.untilFull, [key, now]);
  return Math.max(0, Number(rows[0]?.left ?? 0));
}

/** Removes some buckets that are full again, which a bucket nobody has touched is as well. */
export async function forgetFullBuckets(sql: Sql, now: string): Promise<void> {
  await sql.query(statements.forget, [now]);
}
