import { ownSchema } from './own-tables.ts';
import type { Sql } from './rows.ts';

const table = `${ownSchema}.auth_outbox`;

// All times are the database's, so that nodes need not agree on theirs.
const statements = {
  put: `
    insert into ${table} (kind, letter) select $1, $2
    where (select count(*) from (select from ${table} limit $3) held) < $3`,
  claim: `
    update ${table} set next_try = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts + 1
    where id in (
      select id from ${table} where next_try <= clock_timestamp() order by next_try limit $1 for update skip locked)
    returning id, kind, letter, attempts, extract(epoch from clock_timestamp() - created_at) * 1000 as age`,
  delete: `delete from ${table} where id = any ($1::bigint[])`,
  delay: `
    update ${table} set next_try = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts - $3
    where id = any ($1::bigint[])`,
  state: `
    select count(*)::int as waiting,
      extract(epoch from min(next_try) - clock_timestamp()) * 1000 as due
    from (select next_try from ${table} order by next_try limit 1000) held`,
};

/** A stored letter that is this node's to send until its lease ends. */
export interface HeldLetter {
  readonly id: string;
  readonly kind: string;
  readonly letter: Buffer;
  /** Tries so far, this one included. */
  readonly attempts: number;
  /** Milliseconds since it was stored. */
  readonly age: number;
}

/** Stores a letter. @param most letters that may wait @returns false when that many wait already */
export async function putLetter(sql: Sql, kind: string, letter: Buffer, most: number): Promise<boolean> {
  return (await sql.query(statements.put, [kind, letter, most])).rowCount === 1;
}

/** Takes letters that are due, each for one node. @param lease milliseconds until another node may take them */
export async function claimLetters(sql: Sql, count: number, lease: number): Promise<HeldLetter[]> {
  type Row = Omit<HeldLetter, 'age'> & { age: string };
  const { rows } = await sql.query<Row>(statements.claim, [count, lease]);
  return rows.map((row) => ({ ...row, age: Number(row.age) }));
}

/** Removes letters that are sent or given up. */
export async function deleteLetters(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query(statements.delete, [ids]);
}

/** Gives letters back. @param delay milliseconds until they are due again @param counted false: this was no try */
export async function delayLetters(sql: Sql, ids: readonly string[], delay: number, counted: boolean): Promise<void> {
  await sql.query(statements.delay, [ids, delay, counted ? 0 : 1]);
}

/** How many letters wait (counted up to 1,000), and in how many milliseconds the next is due. */
export async function outboxState(sql: Sql): Promise<{ readonly waiting: number; readonly due: number | undefined }> {
  const { rows } = await sql.query<{ waiting: number; due: string | null }>(statements.state);
  const due = rows[0]?.due;
  return { waiting: rows[0]?.waiting ?? 0, due: due === null || due === undefined ? undefined : Number(due) };
}
