/**
 * `auth.identities`: how a user may sign in. Its text key was called `id` until late 2023; the name now belongs to the
 * row's own UUID.
 */
export const identities = `
create table if not exists auth.identities (
  provider_id text not null,
  user_id uuid not null,
  identity_data jsonb not null,
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid not null default gen_random_uuid(),
  constraint identities_pkey primary key (id),
  constraint identities_provider_id_provider_unique unique (provider_id, provider),
  constraint identities_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);

do $$
begin
  if exists (select from pg_attribute where attrelid = 'auth.identities'::regclass and attname = 'id'
      and atttypid = 'text'::regtype) then
    alter table auth.identities drop constraint if exists identities_pkey;
    alter table auth.identities rename column id to provider_id;
    alter table auth.identities add column id uuid not null default gen_random_uuid();
    alter table auth.identities add constraint identities_pkey primary key (id);
    alter table auth.identities add constraint identities_provider_id_provider_unique unique (provider_id, provider);
    -- Accounts older than this table, and invited ones, have no email identity yet.
    insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
      select id::text, id, jsonb_build_object('sub', id, 'email', email), 'email', last_sign_in_at, now(), now()
      from auth.users where coalesce(email, '') <> '' and encrypted_password <> ''
      on conflict do nothing;
  end if;
end
$$;

alter table auth.identities
  add column if not exists email text generated always as (lower(identity_data ->> 'email')) stored;
create index if not exists identities_email_idx on auth.identities (email text_pattern_ops);
create index if not exists identities_user_id_idx on auth.identities (user_id);

comment on table auth.identities is 'Auth: Stores identities associated to a user.';
comment on column auth.identities.email is
  'Auth: Email is a generated column that references the optional email property in the identity_data';
comment on index auth.identities_email_idx is 'Auth: Ensures indexed queries on the email column';
`;
