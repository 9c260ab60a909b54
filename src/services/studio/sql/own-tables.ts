import type { Database } from '#kernel/sql';

/** The product's own schema. */
export const ownSchema = '_pmoves';

// Key of the advisory lock that lets any number of nodes start at once.
const lock = 7_221_041_013;

const make = `
do $$
begin
  perform pg_advisory_xact_lock(${lock});
  if to_regnamespace('${ownSchema}') is null then
    create schema ${ownSchema};
  end if;
  create table if not exists ${ownSchema}.studio_operators (
    id uuid primary key default gen_random_uuid(),
    name text not null check (name <> ''),
    role text not null check (role in ('owner', 'developer', 'read-only')),
    from_settings boolean not null default false,
    password bytea,
    totp bytea,
    totp_step bigint not null default 0,
    created_at timestamptz not null default now(),
    check (from_settings or password is not null)
  );
  create unique index if not exists studio_operators_name_key on ${ownSchema}.studio_operators (lower(name));
  create unique index if not exists studio_operators_from_settings_key
    on ${ownSchema}.studio_operators (from_settings) where from_settings;
  create table if not exists ${ownSchema}.studio_sessions (
    id uuid primary key default gen_random_uuid(),
    token bytea not null unique,
    operator_id uuid not null references ${ownSchema}.studio_operators on delete cascade,
    address text not null,
    agent text not null,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null
  );
  create index if not exists studio_sessions_operator_id_idx on ${ownSchema}.studio_sessions (operator_id);
  create table if not exists ${ownSchema}.studio_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    operator text not null,
    action text not null,
    target text not null,
    address text not null
  );
  create index if not exists studio_audit_at_idx on ${ownSchema}.studio_audit (at);
  create table if not exists ${ownSchema}.studio_settings_history (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    operator text not null,
    room text not null,
    changes jsonb not null,
    before bytea not null
  );
  create table if not exists ${ownSchema}.studio_passkeys (
    id bytea primary key,
    operator_id uuid not null references ${ownSchema}.studio_operators on delete cascade,
    relying_party text not null,
    public_key bytea not null,
    counter bigint not null,
    transports text[] not null,
    name text not null,
    created_at timestamptz not null,
    used_at timestamptz
  );
  create index if not exists studio_passkeys_operator_id_idx on ${ownSchema}.studio_passkeys (operator_id);
  create table if not exists ${ownSchema}.studio_challenges (
    id uuid primary key default gen_random_uuid(),
    operator_id uuid references ${ownSchema}.studio_operators on delete cascade,
    challenge text not null,
    expires_at timestamptz not null
  );
  create index if not exists studio_challenges_expires_at_idx on ${ownSchema}.studio_challenges (expires_at);
  comment on table ${ownSchema}.studio_passkeys is 'Passkeys of operators of the dashboard (WebAuthn).';
  comment on table ${ownSchema}.studio_challenges is 'Passkeys that are just being made or used; with an operator the former.';
  comment on table ${ownSchema}.studio_settings_history is 'Settings that were changed in the dashboard, without secrets; what was set before is encrypted.';
  comment on table ${ownSchema}.studio_operators is 'Accounts of the dashboard; hashes and second factors are encrypted. No password: the one of the settings counts.';
  comment on table ${ownSchema}.studio_sessions is 'Dashboard sessions; of a token its SHA-256 is kept.';
  comment on table ${ownSchema}.studio_audit is 'Who did what in the dashboard.';
end
$$`;

const present = `select to_regclass('${ownSchema}.studio_challenges') is not null as complete`;

/** Makes the room's tables, in one transaction. Costs one query when they are there. */
export async function makeOwnTables(db: Database): Promise<void> {
  const { rows } = await db.query<{ complete: boolean }>(present);
  if (rows[0]?.complete !== true) await db.query(make);
}
