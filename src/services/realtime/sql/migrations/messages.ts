/**
 * Stored messages: a partition for each UTC day, made ahead and dropped by `keepPartitions`. Row level security is on and
 * has no policy, so nobody passes until the project writes one.
 */
export const messages = `
create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp without time zone not null default now(),
  inserted_at timestamp without time zone not null default now(),
  id uuid not null default gen_random_uuid(),
  primary key (id, inserted_at)
) partition by range (inserted_at);

alter table realtime.messages add column if not exists binary_payload bytea;
do $$
begin
  if not exists (
    select from pg_constraint
    where conrelid = 'realtime.messages'::regclass and conname = 'messages_payload_exclusive'
  ) then
    alter table realtime.messages
      add constraint messages_payload_exclusive check (payload is null or binary_payload is null);
  end if;
end
$$;
create index if not exists messages_inserted_at_topic_index
  on realtime.messages (inserted_at desc, topic) where extension = 'broadcast' and private;

alter table realtime.messages enable row level security;
alter table realtime.messages owner to supabase_realtime_admin;

do $$
declare
  api text;
begin
  foreach api in array array['anon', 'authenticated', 'service_role', 'postgres'] loop
    if to_regrole(api) is not null then
      execute format('grant usage on schema realtime to %I', api);
      execute format('grant select, insert, update on realtime.messages to %I', api);
    end if;
  end loop;
  -- Who may write policies on a table has to be its owner, or a member of it.
  if to_regrole('postgres') is not null and not pg_has_role('postgres', 'supabase_realtime_admin', 'member') then
    grant supabase_realtime_admin to postgres;
  end if;
end
$$;
`;
