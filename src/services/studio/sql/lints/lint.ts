/** How much a finding matters: `ERROR` lets strangers in, `WARN` will hurt, `INFO` is worth a look. */
export type LintLevel = 'ERROR' | 'WARN' | 'INFO';

/** Something that is looked for in the database. Names are those of Supabase's advisors. */
export interface Lint {
  readonly name: string;
  readonly title: string;
  readonly level: LintLevel;
  readonly category: 'SECURITY' | 'PERFORMANCE';
  /** Why it matters, and what to do about it. */
  readonly description: string;
  /**
   * Finds objects: `schema`, `name`, `type`, `detail`, and `fix`, SQL that mends it or null where a person has to decide. `$1`
   * is the schemas of the API.
   */
  readonly sql: string;
}

const services = [
  'auth',
  'storage',
  'realtime',
  'extensions',
  'vault',
  'cron',
  'net',
  'pgmq',
  'graphql',
  'graphql_public',
  'pgbouncer',
  'supabase_functions',
  'supabase_migrations',
  'information_schema',
];

/** Whether a row of pg_namespace is the project's own, not PostgreSQL's or a service's. */
export const isProject = (alias: string): string =>
  `${alias}.nspname !~ '^(pg_|_)' and ${alias}.nspname <> all ('{${services.join(',')}}')`;

/** Whether an object came with an extension. */
export const isOfExtension = (classId: string, objectId: string): string =>
  `exists (select from pg_depend e where e.classid = '${classId}'::regclass and e.objid = ${objectId} and e.deptype = 'e')`;

/** Whether strangers, or any user, may read a relation. */
export const isReadable = (oid: string): string =>
  `(has_table_privilege('anon', ${oid}, 'select') or has_table_privilege('authenticated', ${oid}, 'select'))`;
