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
  {
    // From 18 on a table whose whole rows are its identity cannot be updated otherwise, once a generated column is left out.
    version: 'publication/supabase_realtime_generated_columns',
    unless: `exists (select from pg_publication p where pubname = 'supabase_realtime' and to_jsonb(p) ->> 'pubgencols' = 's')`,
    sql: ({ serverVersion }) => `
do $$
begin
  if ${serverVersion} >= 180000 then
    alter publication supabase_realtime set (publish_generated_columns = stored);
  end if;
exception when insufficient_privilege then
  raise notice 'supabase_realtime belongs to another role';
end
$$;
`,
  },
];
