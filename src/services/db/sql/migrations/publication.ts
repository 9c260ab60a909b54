import type { Step } from '../step.ts';

/** The publication users add tables to for realtime; theirs, so that they may alter it. */
export const publicationSteps: readonly Step[] = [
  {
    version: 'publication/supabase_realtime',
    unless: "exists (select from pg_publication where pubname = 'supabase_realtime')",
    sql: () => `
create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;
`,
  },
];
