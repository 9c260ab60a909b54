-- The table. Functions and the view come with the update script to the current version, which a new database runs as
-- well.

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
comment on table vault.secrets is 'Secrets, encrypted with a key that is kept outside the database.';
create unique index secrets_name_idx on vault.secrets (name) where name is not null;
