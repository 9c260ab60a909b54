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

-- Every entry point ends here until there is encryption: a secret in clear text would be worse than none.
create function vault._not_served(function_name text) returns text language plpgsql as $$
begin
  raise feature_not_supported using
    message = format('vault.%s is not served yet', function_name),
    hint = 'This release cannot encrypt secrets and therefore stores none.';
end
$$;

create function vault._crypto_aead_det_decrypt(
  message bytea,
  additional bytea,
  key_id bigint,
  context bytea default 'pgsodium',
  nonce bytea default null
) returns bytea language plpgsql as $$
begin
  perform vault._not_served('_crypto_aead_det_decrypt');
end
$$;

create view vault.decrypted_secrets with (security_barrier = true) as
select
  secret.id,
  secret.name,
  secret.description,
  secret.secret,
  convert_from(
    vault._crypto_aead_det_decrypt(
      message := decode(secret.secret, 'base64'),
      additional := convert_to(secret.id::text, 'UTF8'),
      key_id := 0,
      nonce := secret.nonce
    ),
    'UTF8'
  ) as decrypted_secret,
  secret.key_id,
  secret.nonce,
  secret.created_at,
  secret.updated_at
from vault.secrets as secret;

create function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default '',
  new_key_id uuid default null
) returns uuid language plpgsql security definer set search_path = '' as $$
begin
  perform vault._not_served('create_secret');
end
$$;

create function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null,
  new_key_id uuid default null
) returns void language plpgsql security definer set search_path = '' as $$
begin
  perform vault._not_served('update_secret');
end
$$;

revoke all on all tables in schema vault from public;
revoke all on all functions in schema vault from public;

-- Grants go to the roles of a Supabase database where they exist.
do $$
declare
  owner_role text;
begin
  for owner_role in select rolname from pg_roles where rolname in ('postgres', 'service_role') loop
    execute format('grant usage on schema vault to %I', owner_role);
    execute format('grant select, delete on vault.secrets, vault.decrypted_secrets to %I', owner_role);
    execute format('grant execute on all functions in schema vault to %I', owner_role);
  end loop;
end
$$;
