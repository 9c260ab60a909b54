import type { Database } from '#kernel/sql';

/** Days made ahead: a stack that nobody starts for a week still has a place for its messages when it is. */
const ahead = 7;

/** Key of the lock under which partitions are kept. */
const lock = 7_221_041_003;

/**
 * Makes the partitions of `realtime.messages` from yesterday on, and drops those that are over (spec §3.5). Any number of
 * nodes may do so at once.
 *
 * @param days whole days that messages are kept
 */
export async function keepPartitions(db: Database, days: number): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock($1)', [lock]);
    await transaction.query(keep, []);
    const { rows } = await transaction.query<{ name: string }>(outdated, [days]);
    for (const { name } of rows) await transaction.query(`drop table if exists realtime.${name}`);
  });
}

const keep = `
do $$
declare
  today date := (now() at time zone 'utc')::date;
  day date;
  partition text;
begin
  for day in select generate_series(today - 1, today + ${ahead}, interval '1 day')::date loop
    partition := 'messages_' || to_char(day, 'YYYY_MM_DD');
    if to_regclass('realtime.' || partition) is null then
      execute format(
        'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
        partition, day, day + 1
      );
      execute format('alter table realtime.%I owner to supabase_realtime_admin', partition);
      -- Asked for by name, a partition would be judged by its own policies.
      execute format('alter table realtime.%I enable row level security', partition);
    end if;
  end loop;
end
$$`;

const outdated = `
select relname as name from pg_class
where oid in (select inhrelid from pg_inherits where inhparent = 'realtime.messages'::regclass)
  and relname ~ '^messages_\\d{4}_\\d{2}_\\d{2}$'
  and to_date(right(relname, 10), 'YYYY_MM_DD') < (now() at time zone 'utc')::date - $1::int`;
