import type { Step } from '../step.ts';

/** The database itself: owned by `postgres`, open to the dashboard's role. */
export const databaseSteps: readonly Step[] = [
  {
    version: 'database/owner',
    unless: "(select datdba = to_regrole('postgres')::oid from pg_database where datname = current_database())",
    sql: ({ database }) => `alter database ${database} owner to postgres`,
  },
  {
    version: 'database/grants',
    unless: `exists (
      select from pg_database, aclexplode(datacl) as acl
      where datname = current_database() and acl.grantee = to_regrole('dashboard_user')::oid
    )`,
    sql: ({ database }) => `grant all on database ${database} to dashboard_user`,
  },
];
