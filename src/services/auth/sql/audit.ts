import { nilUuid, type Sql } from './rows.ts';

/** The statement that adds entries, for its own or as part of another; the parts are SQL. */
export const insertAudit = ({ payloads, now, ip }: Readonly<Record<'payloads' | 'now' | 'ip', string>>): string => `
  insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  select '${nilUuid}', gen_random_uuid(), payload, ${now}, ${ip} from ${payloads} as payload`;

const insert = insertAudit({ payloads: 'unnest($1::json[])', now: '$2', ip: '$3' });

/** Adds entries. */
export async function insertAuditEntries(
  sql: Sql,
  payloads: readonly object[],
  now: string,
  ip: string,
): Promise<void> {
  await sql.query(insert, [payloads.map((payload) => JSON.stringify(payload)), now, ip]);
}

/** An entry as the admin list shows it. */
export interface AuditEntry {
  readonly id: string;
  readonly payload: unknown;
  readonly created_at: string | null;
  readonly ip_address: string;
}

/** Which entries are wanted: all, or those whose `field` begins with or equals `value`. */
export interface AuditFilter {
  readonly field: 'author' | 'action' | 'type';
  readonly value: string;
}

// An author is named by user name or full name, in part; actions and types are words.
const conditions: Readonly<Record<AuditFilter['field'] | 'none', string>> = {
  none: `$1 = ''`,
  author: `(payload ->> 'actor_username' ilike '%' || $1 || '%' or payload ->> 'actor_name' ilike '%' || $1 || '%')`,
  action: `payload ->> 'action' = $1`,
  type: `payload ->> 'log_type' = $1`,
};

/** A page of entries, newest first, with the number of all that fit. */
export async function listAuditEntries(
  sql: Sql,
  filter: AuditFilter | undefined,
  limit: number,
  offset: number,
): Promise<{ entries: AuditEntry[]; total: number }> {
  const where = `(instance_id = '${nilUuid}' or instance_id is null) and ${conditions[filter?.field ?? 'none']}`;
  const value = (filter?.field === 'author' ? filter.value.replace(/[\\%_]/g, '\\$&') : filter?.value) ?? '';
  const count = await sql.query<{ total: number }>(
    `select count(*)::int as total from auth.audit_log_entries where ${where}`,
    [value],
  );
  const { rows } = await sql.query<{ entry: AuditEntry }>(
    `select row_to_json(e) as entry from (
      select id, payload, created_at, ip_address from auth.audit_log_entries where ${where}
      order by created_at desc, id limit $2 offset $3) e`,
    [value, limit, offset],
  );
  return { entries: rows.map(({ entry }) => entry), total: count.rows[0]?.total ?? 0 };
}
