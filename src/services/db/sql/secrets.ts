import { asDatabaseError, type Client, quoteIdentifier, quoteLiteral, scramVerifier } from '#kernel/sql';

/** Roles that log in with the shared password. */
export const passwordRoles = [
  'supabase_admin',
  'postgres',
  'authenticator',
  'pgbouncer',
  'supabase_auth_admin',
  'supabase_storage_admin',
  'supabase_read_only_user',
] as const;

/**
 * Gives the login roles the shared password. Call it inside a transaction.
 *
 * @returns roles the connected role may not change, with the server's message; a superuser's failure is thrown
 */
export async function setPasswords(
  client: Client,
  password: string,
  superuser: boolean,
): Promise<{ readonly role: string; readonly message: string }[]> {
  const verifier = await scramVerifier(password);
  if (superuser && verifier === undefined) await client.pg.query(`set local log_statement = 'none'`);
  const { rows } = await client.pg.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    passwordRoles,
  ]);
  const statement = (role: string) =>
    `alter role ${quoteIdentifier(role)} password ${quoteLiteral(verifier ?? password)}`;
  const roles = rows.map((row) => row.rolname);
  if (superuser) {
    await client.pg.query(roles.map(statement).join(';\n'));
    return [];
  }
  const refused: { role: string; message: string }[] = [];
  for (const role of roles) {
    const message = await permitted(client, () => client.pg.query(statement(role)));
    if (message !== undefined) refused.push({ role, message });
  }
  return refused;
}

/** Runs what a role without privileges may be refused, keeping the transaction usable. Returns the refusal. */
async function permitted(client: Client, work: () => Promise<unknown>): Promise<string | undefined> {
  await client.pg.query('savepoint permitted');
  try {
    await work();
    await client.pg.query('release savepoint permitted');
    return undefined;
  } catch (error) {
    const refusal = asDatabaseError(error);
    if (refusal === undefined) throw error;
    await client.pg.query('rollback to savepoint permitted');
    return `${refusal.code}: ${refusal.message}`;
  }
}

/** The database's `app.settings.*`, which SQL of old projects reads; an undefined secret is left as it is. */
export interface AppSettings {
  readonly jwtSecret: string | undefined;
  readonly jwtExpiry: number;
}

/** The settings as pg_db_role_setting lists them. */
export function appSettingEntries(settings: AppSettings): readonly string[] {
  const expiry = `app.settings.jwt_exp=${settings.jwtExpiry}`;
  return settings.jwtSecret === undefined ? [expiry] : [`app.settings.jwt_secret=${settings.jwtSecret}`, expiry];
}

/** Stores the settings on the database; new sessions see them. */
export async function setAppSettings(client: Client, database: string, settings: AppSettings): Promise<void> {
  const statements = appSettingEntries(settings).map((entry) => {
    const [name = '', value = ''] = splitOnce(entry);
    return `alter database ${quoteIdentifier(database)} set ${quoteIdentifier(name)} = ${quoteLiteral(value)}`;
  });
  await client.pg.query(statements.join(';\n'));
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return [entry.slice(0, at), entry.slice(at + 1)];
}
