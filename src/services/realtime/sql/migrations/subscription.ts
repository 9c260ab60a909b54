/**
 * Types and table by which SQL describes subscriptions. Subscriptions of sockets live in the program; these objects are for
 * SQL that uses them, and rows written to the table are checked like those of sockets.
 */
export const subscription = `
do $$
begin
  if to_regtype('realtime.action') is null then
    create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
  end if;
  if to_regtype('realtime.equality_op') is null then
    create type realtime.equality_op as enum ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
  end if;
  if to_regtype('realtime.user_defined_filter') is null then
    create type realtime.user_defined_filter as (
      column_name text, op realtime.equality_op, value text, negate boolean
    );
  elsif not exists (
    select from pg_attribute where attrelid = (
      select typrelid from pg_type where oid = 'realtime.user_defined_filter'::regtype
    ) and attname = 'negate'
  ) then
    alter type realtime.user_defined_filter add attribute negate boolean;
  end if;
  if to_regtype('realtime.wal_column') is null then
    create type realtime.wal_column as (
      name text, type_name text, type_oid oid, value jsonb, is_pkey boolean, is_selectable boolean
    );
  end if;
  if to_regtype('realtime.wal_rls') is null then
    create type realtime.wal_rls as (wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[]);
  end if;
end
$$;

alter type realtime.equality_op add value if not exists 'like';
alter type realtime.equality_op add value if not exists 'ilike';
alter type realtime.equality_op add value if not exists 'is';
alter type realtime.equality_op add value if not exists 'match';
alter type realtime.equality_op add value if not exists 'imatch';
alter type realtime.equality_op add value if not exists 'isdistinct';

create or replace function realtime.to_regrole(role_name text) returns regrole language sql immutable as $$
  select role_name::regrole
$$;

create table if not exists realtime.subscription (
  id bigint generated always as identity primary key,
  subscription_id uuid not null,
  entity regclass not null,
  filters realtime.user_defined_filter[] not null default '{}',
  claims jsonb not null,
  claims_role regrole not null generated always as (realtime.to_regrole(claims ->> 'role')) stored,
  created_at timestamp without time zone not null default timezone('utc', now()),
  action_filter text default '*' check (action_filter in ('*', 'INSERT', 'UPDATE', 'DELETE'))
);
create index if not exists ix_realtime_subscription_entity on realtime.subscription (entity);
alter table realtime.subscription add column if not exists selected_columns text[];
drop index if exists realtime.subscription_subscription_id_entity_filters_action_filter_key;
create unique index if not exists subscription_subscription_id_entity_filters_action_filter_selected_key
  on realtime.subscription (subscription_id, entity, filters, action_filter, coalesce(selected_columns, '{}'));

create or replace function realtime."cast"(val text, type_ regtype) returns jsonb language plpgsql immutable as $$
declare
  result jsonb;
begin
  execute format('select to_jsonb(%L::%s)', val, type_) into result;
  return result;
end
$$;

create or replace function realtime.check_equality_op(
  op realtime.equality_op, type_ regtype, val_1 text, val_2 text
) returns boolean language plpgsql immutable as $$
declare
  operators jsonb := '{"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "like": "~~",
    "ilike": "~~*", "match": "~", "imatch": "~*", "isdistinct": "is distinct from"}';
  result boolean;
begin
  if op::text = 'in' then
    execute format('select %L::%s = any (%L::%s[])', val_1, type_, val_2, type_) into result;
  elsif op::text = 'is' then
    if lower(val_2) not in ('null', 'true', 'false', 'unknown') then
      raise exception 'invalid value for is filter: must be null, true, false or unknown, got %', val_2;
    end if;
    execute format('select %L::%s is %s', val_1, type_, val_2) into result;
  elsif op::text in ('like', 'ilike', 'match', 'imatch') then
    execute format('select %L::%s %s %L', val_1, type_, operators ->> op::text, val_2) into result;
  else
    execute format('select %L::%s %s %L::%s', val_1, type_, operators ->> op::text, val_2, type_) into result;
  end if;
  return result;
end
$$;

create or replace function realtime.check_equality_op(
  op realtime.equality_op, type_ regtype, val_1 text, val_2 text, negate boolean
) returns boolean language sql immutable as $$
  -- Unknown stays unknown, and matches neither way.
  select realtime.check_equality_op(op, type_, val_1, val_2) <> coalesce(negate, false)
$$;

create or replace function realtime.is_visible_through_filters(
  columns realtime.wal_column[], filters realtime.user_defined_filter[]
) returns boolean language sql immutable as $$
  select not exists (
    select from unnest(coalesce(filters, '{}')) as f
    where not coalesce(
      (
        select realtime.check_equality_op(f.op, c.type_oid::regtype, c.value #>> '{}', f.value, f.negate)
        from unnest(columns) as c where c.name = f.column_name
      ),
      false
    )
  )
$$;

create or replace function realtime.subscription_check_filters() returns trigger language plpgsql as $$
declare
  filter realtime.user_defined_filter;
  column_type regtype;
  entries jsonb;
  selected text;
begin
  foreach filter in array new.filters loop
    select atttypid::regtype into column_type
    from pg_attribute
    where attrelid = new.entity and attname = filter.column_name and attnum > 0 and not attisdropped
      and has_column_privilege((new.claims ->> 'role')::regrole::oid, new.entity::oid, attnum, 'select');
    if column_type is null then
      raise exception 'invalid column for filter %', filter.column_name;
    end if;
    if filter.op::text = 'in' then
      entries := realtime."cast"(filter.value, format('%s[]', column_type)::regtype);
      if jsonb_array_length(entries) > 100 then
        raise exception 'too many values for \`in\` filter. Maximum 100';
      end if;
    elsif filter.op::text = 'is' then
      if lower(filter.value) <> 'null' and column_type <> 'boolean'::regtype then
        raise exception 'is % filter requires a boolean column, got %', filter.value, column_type;
      end if;
      perform realtime.check_equality_op(filter.op, column_type, null, filter.value);
    elsif filter.op::text in ('like', 'ilike', 'match', 'imatch') then
      -- Finds out whether the type has the operator, and whether the pattern is one.
      execute format(
        'select null::%s %s %L, '''' %s %L', column_type,
        case filter.op::text when 'like' then '~~' when 'ilike' then '~~*' when 'match' then '~' else '~*' end, filter.value,
        case when filter.op::text in ('like', 'ilike') then '~~' else '~' end, filter.value
      );
    else
      perform realtime."cast"(filter.value, column_type);
    end if;
  end loop;
  foreach selected in array coalesce(new.selected_columns, '{}') loop
    if not exists (
      select from pg_attribute
      where attrelid = new.entity and attname = selected and attnum > 0 and not attisdropped
        and has_column_privilege((new.claims ->> 'role')::regrole::oid, new.entity::oid, attnum, 'select')
    ) then
      raise exception 'invalid column for select %', selected;
    end if;
  end loop;
  -- Two spellings of one wish are one.
  new.filters := coalesce(
    (select array_agg(f order by f.column_name, f.op, f.value, f.negate) from unnest(new.filters) as f), '{}'
  );
  if cardinality(new.selected_columns) = 0 then
    new.selected_columns := null;
  end if;
  return new;
end
$$;

drop trigger if exists tr_check_filters on realtime.subscription;
create trigger tr_check_filters before insert or update on realtime.subscription
  for each row execute function realtime.subscription_check_filters();
alter table realtime.subscription enable row level security;
do $$
declare
  api text;
begin
  foreach api in array array['anon', 'authenticated', 'service_role', 'postgres'] loop
    if to_regrole(api) is not null then
      execute format('grant select on realtime.subscription to %I', api);
    end if;
  end loop;
end
$$;
`;
