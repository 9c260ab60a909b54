-- A secret is encrypted by AES-256 in CBC mode under a nonce of its own and authenticated by HMAC-SHA-256 together with
-- its row's id (encrypt then MAC). Stored, in base64:
--
--   0x01, id of the root key (4 bytes), ciphertext, tag (32 bytes)
--
-- The root keys are in a file beside the data directory, the current one first: `<id, 8 hex digits> <key, 64>` a line.
-- Both keys in use are derived from a root key (RFC 5869, expand only). The C functions are those of pgcrypto, bound
-- here so that the extension itself is not needed.

drop function if exists vault._not_served(text);

select pg_extension_config_dump('vault.secrets', '');

create or replace function vault._hmac(data bytea, key bytea, type text) returns bytea
language c immutable strict parallel safe as '$libdir/pgcrypto', 'pg_hmac';

create or replace function vault._encrypt(data bytea, key bytea, iv bytea, type text) returns bytea
language c immutable strict parallel safe as '$libdir/pgcrypto', 'pg_encrypt_iv';

create or replace function vault._decrypt(data bytea, key bytea, iv bytea, type text) returns bytea
language c immutable strict parallel safe as '$libdir/pgcrypto', 'pg_decrypt_iv';

create or replace function vault._random_bytes(count integer) returns bytea
language c volatile strict parallel safe as '$libdir/pgcrypto', 'pg_random_bytes';

create or replace function vault._root_keys(out place bigint, out id bytea, out key bytea) returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select place, decode(split_part(line, ' ', 1), 'hex'), decode(split_part(line, ' ', 2), 'hex')
  from regexp_split_to_table(
    pg_read_file(regexp_replace(current_setting('config_file'), '/conf/[^/]*$', '/vault.key'), 0, 65536, true),
    '\n'
  ) with ordinality as file(line, place)
  where line ~ '^[0-9a-f]{8} [0-9a-f]{64}$'
$$;

-- Without an id the current key.
create or replace function vault._root_key(inout id bytea, out key bytea)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  wanted constant bytea := id;
begin
  select keys.id, keys.key into id, key
  from vault._root_keys() as keys
  where wanted is null or keys.id = wanted
  order by keys.place limit 1;
  if key is null and wanted is null then
    raise feature_not_supported using
      message = 'the vault has no root key on this server',
      hint = 'Secrets are kept where the program runs the database itself, or where the server has the original.';
  elsif key is null then
    raise object_not_in_prerequisite_state using
      message = format('the root key %s of this secret is not in vault.key', encode(wanted, 'hex'));
  end if;
end
$$;

create or replace function vault._crypto_aead_det_noncegen() returns bytea
language sql volatile parallel safe set search_path = pg_catalog, pg_temp as $$
  select vault._random_bytes(16)
$$;

create or replace function vault._crypto_aead_det_encrypt(
  message bytea,
  additional bytea,
  key_id bigint,
  context bytea default 'pgsodium',
  nonce bytea default null
) returns bytea language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  root record;
  head bytea;
  body bytea;
begin
  if octet_length(nonce) is distinct from 16 then
    raise invalid_parameter_value using message = 'the nonce must have 16 bytes';
  end if;
  root := vault._root_key(null);
  head := '\x01'::bytea || root.id;
  body := vault._encrypt(message, vault._hmac(context || '\x2f656e637279707401', root.key, 'sha256'), nonce, 'aes-cbc/pad:pkcs');
  return head || body || vault._hmac(
    head || nonce || int8send(octet_length(additional)) || additional || body,
    vault._hmac(context || '\x2f61757468656e74696361746501', root.key, 'sha256'),
    'sha256'
  );
end
$$;

create or replace function vault._crypto_aead_det_decrypt(
  message bytea,
  additional bytea,
  key_id bigint,
  context bytea default 'pgsodium',
  nonce bytea default null
) returns bytea language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  size constant integer := octet_length(message);
  head constant bytea := substring(message for 5);
  body constant bytea := substring(message from 6 for greatest(0, size - 37));
  root record;
  mac_key bytea;
  expected bytea;
begin
  if message is null then
    return null;
  end if;
  if size < 53 or get_byte(message, 0) <> 1 or octet_length(nonce) is distinct from 16 then
    raise data_exception using message = 'invalid ciphertext';
  end if;
  root := vault._root_key(substring(head from 2));
  mac_key := vault._hmac(context || '\x2f61757468656e74696361746501', root.key, 'sha256');
  expected := vault._hmac(
    head || nonce || int8send(octet_length(additional)) || additional || body, mac_key, 'sha256'
  );
  -- Compared as digests, so that the time taken says nothing of the tag.
  if vault._hmac(expected, mac_key, 'sha256') <> vault._hmac(substring(message from size - 31), mac_key, 'sha256') then
    raise data_exception using message = 'invalid ciphertext';
  end if;
  return vault._decrypt(body, vault._hmac(context || '\x2f656e637279707401', root.key, 'sha256'), nonce, 'aes-cbc/pad:pkcs');
end
$$;

create or replace view vault.decrypted_secrets with (security_barrier = true) as
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

-- Ciphertext of a secret under the current key, with its nonce.
create or replace function vault._seal(secret_id uuid, new_secret text, out secret text, out nonce bytea)
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  nonce := vault._crypto_aead_det_noncegen();
  secret := encode(
    vault._crypto_aead_det_encrypt(
      message := convert_to(new_secret, 'UTF8'),
      additional := convert_to(secret_id::text, 'UTF8'),
      key_id := 0,
      nonce := nonce
    ),
    'base64'
  );
end
$$;

create or replace function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default '',
  new_key_id uuid default null
) returns uuid language plpgsql security definer set search_path = '' as $$
declare
  secret_id constant uuid := gen_random_uuid();
begin
  insert into vault.secrets (id, secret, nonce, name, description, key_id)
  select secret_id, sealed.secret, sealed.nonce, new_name, coalesce(new_description, ''), new_key_id
  from vault._seal(secret_id, new_secret) as sealed;
  return secret_id;
end
$$;

-- What is not given stays.
create or replace function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null,
  new_key_id uuid default null
) returns void language plpgsql security definer set search_path = '' as $$
declare
  sealed record;
begin
  if new_secret is not null then
    sealed := vault._seal(secret_id, new_secret);
    update vault.secrets set secret = sealed.secret, nonce = sealed.nonce where id = secret_id;
  end if;
  update vault.secrets as kept
  set
    name = coalesce(new_name, kept.name),
    description = coalesce(new_description, kept.description),
    key_id = coalesce(new_key_id, kept.key_id),
    updated_at = now()
  where kept.id = secret_id;
end
$$;

-- Puts every secret under the current root key. @returns how many were under another one
create or replace function vault._reseal() returns bigint language plpgsql security definer set search_path = '' as $$
declare
  old record;
  sealed record;
  current_key constant bytea := (vault._root_key(null)).id;
  resealed bigint := 0;
begin
  lock table vault.secrets in share row exclusive mode;
  for old in
    select id, decrypted_secret from vault.decrypted_secrets
    where substring(decode(secret, 'base64') from 2 for 4) <> current_key
  loop
    sealed := vault._seal(old.id, old.decrypted_secret);
    update vault.secrets set secret = sealed.secret, nonce = sealed.nonce where id = old.id;
    resealed := resealed + 1;
  end loop;
  return resealed;
end
$$;

-- Ids of the root keys that secrets are under, in hexadecimal.
create or replace function vault._keys_in_use() returns setof text language sql stable security definer set search_path = '' as $$
  select distinct encode(substring(decode(secret, 'base64') from 2 for 4), 'hex') from vault.secrets
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
    execute format(
      'revoke all on all functions in schema vault from %1$I;
       grant execute on function
         vault.create_secret(text, text, text, uuid),
         vault.update_secret(uuid, text, text, text, uuid),
         vault._crypto_aead_det_decrypt(bytea, bytea, bigint, bytea, bytea)
       to %1$I',
      owner_role
    );
  end loop;
end
$$;
