/** Schemas and the role that owns what is in them. Where the stack's own set-up ran before, they are there already. */
export const schema = `
do $$
begin
  if to_regrole('supabase_realtime_admin') is null then
    create role supabase_realtime_admin nologin noinherit;
  end if;
  if not pg_has_role(current_user, 'supabase_realtime_admin', 'member') then
    execute format('grant supabase_realtime_admin to %I', current_user);
  end if;
end
$$;
create schema if not exists realtime;
create schema if not exists _realtime;
grant usage, create on schema realtime to supabase_realtime_admin;

create table if not exists realtime.schema_migrations (
  version bigint primary key,
  inserted_at timestamp(0) without time zone default now()
);
`;
