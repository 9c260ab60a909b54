import type { Step } from '../step.ts';

/** The database itself: owned by `postgres`, open to the dashboard's role. */
export const databaseSteps: readonly Step[] = [
  {
    version: 'database/owner',
    unless: "(select datdba = to_regrole('postgres')::oid from pg_database where datname = current_database())",
    sql: ({ database }) => `
alter database ${database} owner to postgres;
grant all on database ${database} to dashboard_user;
`,
  },
];
