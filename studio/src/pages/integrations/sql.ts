import { quoteName, quoteQualified, quoteText } from '../../sql/quote.ts';

/** Which of the extensions these pages are about there are: as such, or as plain schemas on a server of somebody else's. */
export const installed = `select name from (values ('pg_cron', 'cron.job'), ('pgmq', 'pgmq.meta'),
  ('supabase_vault', 'vault.secrets'), ('pg_net', 'net.http_request_queue')) as part (name, relation)
  where to_regclass(relation) is not null`;

/** SQL about jobs of pg_cron. */
export const cron = {
  list: `
    select j.jobid::text as id, j.jobname as name, j.schedule, j.command, j.username as role, j.active,
      r.status as "lastStatus", r.return_message as "lastMessage", to_json(r.start_time)#>>'{}' as "lastAt"
    from cron.job j left join lateral (
      select * from cron.job_run_details d where d.jobid = j.jobid order by d.runid desc limit 1) as r on true
    order by j.jobid`,
  runs: (id: string): string => `
    select runid::text as id, status, return_message as message, to_json(start_time)#>>'{}' as "startedAt",
      extract(epoch from end_time - start_time)::float8 * 1000 as took
    from cron.job_run_details where jobid = ${Number(id)} order by runid desc limit 50`,
  schedule: ({ name, schedule, command }: { name: string; schedule: string; command: string }): string =>
    `select cron.schedule(${quoteText(name)}, ${quoteText(schedule)}, ${quoteText(command)})`,
  setActive: (id: string, active: boolean): string => `select cron.alter_job(${Number(id)}, active => ${active})`,
  remove: (id: string): string => `select cron.unschedule(${Number(id)}::bigint)`,
};

/** SQL about queues of pgmq. */
export const queues = {
  list: `
    select queue_name as name, queue_length::float8 as length, total_messages::float8 as total,
      oldest_msg_age_sec as oldest from pgmq.metrics_all() order by queue_name`,
  create: (name: string): string => `select pgmq.create(${quoteText(name)})`,
  drop: (name: string): string => `select pgmq.drop_queue(${quoteText(name)})`,
  purge: (name: string): string => `select pgmq.purge_queue(${quoteText(name)})`,
  send: (name: string, message: string): string => `select pgmq.send(${quoteText(name)}, ${quoteText(message)}::jsonb)`,
  archive: (name: string, id: string): string => `select pgmq.archive(${quoteText(name)}, ${Number(id)}::bigint)`,
  // Looking must not take a message from who works on it.
  peek: (name: string): string => `
    select msg_id::text as id, read_ct as reads, to_json(enqueued_at)#>>'{}' as "sentAt", vt > now() as hidden,
      left(message::text, 2000) as message
    from ${quoteQualified('pgmq', `q_${name}`)} order by msg_id limit 100`,
};

/** A webhook before it is made. */
export interface NewWebhook {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly events: readonly string[];
  readonly method: string;
  readonly url: string;
  /** JSON object. */
  readonly headers: string;
  /** Milliseconds. */
  readonly timeout: string;
}

/** SQL about database webhooks, which are triggers of `supabase_functions.http_request`. */
export const webhooks = {
  list: `
    select t.tgname as name, n.nspname as schema, c.relname as table, t.tgenabled <> 'D' as active,
      array_remove(array[case when t.tgtype & 4 > 0 then 'insert' end, case when t.tgtype & 16 > 0 then 'update' end,
        case when t.tgtype & 8 > 0 then 'delete' end], null) as events,
      (regexp_match(pg_get_triggerdef(t.oid), $$http_request\\('((?:[^']|'')*)', '((?:[^']|'')*)'$$))[1] as url,
      (regexp_match(pg_get_triggerdef(t.oid), $$http_request\\('((?:[^']|'')*)', '((?:[^']|'')*)'$$))[2] as method
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_proc p on p.oid = t.tgfoid join pg_namespace f on f.oid = p.pronamespace
    where f.nspname = 'supabase_functions' and p.proname = 'http_request' and not t.tgisinternal
    order by n.nspname, c.relname, t.tgname`,
  tables: `
    select n.nspname as schema, c.relname as table from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|_)' and n.nspname <> all ('{information_schema,auth,storage,realtime,vault,cron,pgmq,net,extensions,supabase_functions,supabase_migrations}')
    order by n.nspname = 'public' desc, 1, 2`,
  create: (hook: NewWebhook): string => `
create trigger ${quoteName(hook.name)} after ${hook.events.filter((event) => knownEvents.includes(event)).join(' or ')}
  on ${quoteQualified(hook.schema, hook.table)} for each row
  execute function supabase_functions.http_request(${[hook.url, hook.method, hook.headers, '{}', hook.timeout].map(quoteText).join(', ')})`,
  drop: (schema: string, table: string, name: string): string =>
    `drop trigger ${quoteName(name)} on ${quoteQualified(schema, table)}`,
};

/** Of a row. */
export const knownEvents: readonly string[] = ['insert', 'update', 'delete'];

/** SQL about secrets of the vault. What is in one is shown by the server, which notes it. */
export const vault = {
  list: `
    select id, name, description, to_json(updated_at)#>>'{}' as "changedAt" from vault.secrets order by name nulls last, created_at`,
  create: (name: string, secret: string, description: string): string =>
    `select vault.create_secret(${quoteText(secret)}, ${quoteText(name)}, ${quoteText(description)})`,
  update: (id: string, secret: string): string =>
    `select vault.update_secret(${quoteText(id)}::uuid, ${quoteText(secret)})`,
  remove: (id: string): string => `delete from vault.secrets where id = ${quoteText(id)}::uuid`,
};
