/** What a view of the log explorer shows. */
interface LogView {
  readonly name: string;
  /** Ids of the sources; none: the view is empty, for pages that ask for what there is not here. */
  readonly sources: readonly number[];
  readonly where?: string;
}

/** The tables that queries may name (spec services §D.3). */
const views: readonly LogView[] = [
  { name: 'edge_logs', sources: [1] },
  { name: 'postgres_logs', sources: [2] },
  { name: 'function_edge_logs', sources: [3] },
  { name: 'function_logs', sources: [4] },
  { name: 'auth_logs', sources: [5] },
  { name: 'auth_audit_logs', sources: [5], where: `metadata ? 'auth_event'` },
  { name: 'realtime_logs', sources: [6] },
  { name: 'storage_logs', sources: [7] },
  { name: 'postgrest_logs', sources: [8] },
  { name: 'pgbouncer_logs', sources: [9] },
  { name: 'supavisor_logs', sources: [9] },
  { name: 'pooler_logs', sources: [9] },
  { name: 'stack_logs', sources: [10] },
  { name: 'pg_cron_logs', sources: [2], where: `metadata #>> '{parsed,application_name}' = 'pg_cron'` },
  { name: 'pg_upgrade_logs', sources: [] },
  { name: 'etl_replication_logs', sources: [] },
  { name: 'multigres_logs', sources: [] },
  { name: 'workflow_run_logs', sources: [] },
];

/** Names of all views. */
export const viewNames: ReadonlySet<string> = new Set([...views.map(({ name }) => name), 'all_logs']);

/** The statements that make the views. */
export function viewStatements(schema: string): string[] {
  const columns = `id, timestamp, event_message, metadata, extra, 'default'::text as project`;
  return [
    ...views.map(({ name, sources, where }) => {
      const ofSources = sources.length === 0 ? 'false' : `source = any ('{${sources.join(',')}}'::smallint[])`;
      const one = sources.length === 1 ? `source = ${sources[0]}::smallint` : ofSources;
      return `create or replace view ${schema}.${name} as select ${columns} from ${schema}.log_events where ${one}${where ? ` and ${where}` : ''}`;
    }),
    `create or replace view ${schema}.all_logs as
      select ${columns}, (select s.name from ${schema}.sources s where s.id = e.source) as source
      from ${schema}.log_events e`,
  ];
}
