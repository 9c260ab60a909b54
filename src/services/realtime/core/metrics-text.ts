import type { RealtimeContext } from './context.ts';
import type { Timing } from './metrics.ts';

/** Names of the original's histograms for what is timed here. */
const histograms = {
  readCheck: 'realtime_tenants_read_authorization_check',
  writeCheck: 'realtime_tenants_write_authorization_check',
  replay: 'realtime_tenants_replay',
  payloadSize: 'realtime_payload_size',
  storedSinceCommit: 'realtime_tenants_broadcast_from_database_latency_committed_at',
  storedSinceInsert: 'realtime_tenants_broadcast_from_database_latency_inserted_at',
  // There the query that decodes, filters and authorises; here all of that for the changes that came together.
  changesQuery: 'realtime_replication_poller_query_duration',
} as const;

/** The room's figures in Prometheus' text format, under the original's names (spec §5.3). */
export function metricsText(context: RealtimeContext, tenant: string): string {
  const { users, sessions, metrics, rates, presence, hub, feed } = context;
  const { counters } = metrics;
  const label = `{tenant="${tenant.replace(/["\\\n]/g, '')}"}`;
  const lines: string[] = [];
  const add = (name: string, type: 'gauge' | 'counter', value: number) =>
    lines.push(`# TYPE ${name} ${type}`, `${name}${label} ${value}`);
  add('realtime_connections_connected', 'gauge', users.here);
  add('realtime_connections_connected_cluster', 'gauge', users.here + users.elsewhere());
  add('realtime_tenants_connected', 'gauge', users.here > 0 ? 1 : 0);
  add('realtime_sockets', 'gauge', sessions.size);
  add('realtime_rooms', 'gauge', hub.size);
  add('realtime_presences', 'gauge', presence.size);
  add('realtime_channel_joins', 'counter', counters.joins);
  add('realtime_channel_events', 'counter', rates.events.total);
  add('realtime_channel_db_events', 'counter', counters.changeEvents);
  add('realtime_channel_presence_events', 'counter', counters.presenceEvents);
  add('realtime_channel_input_bytes', 'counter', counters.inputBytes);
  add('realtime_channel_output_bytes', 'counter', counters.outputBytes);
  add('realtime_channel_error', 'counter', counters.errors);
  add('realtime_channel_dropped', 'counter', counters.dropped);
  add('realtime_channel_malformed', 'counter', counters.malformed);
  if (feed) {
    const { streaming, lagBytes, retainedBytes, subscriptions, checks } = feed.health();
    add('realtime_changes_streaming', 'gauge', streaming ? 1 : 0);
    add('realtime_changes_lag_bytes', 'gauge', lagBytes);
    add('realtime_changes_retained_bytes', 'gauge', retainedBytes);
    add('realtime_changes_subscriptions', 'gauge', subscriptions);
    add('realtime_changes_checks', 'counter', checks);
  }
  for (const [key, name] of Object.entries(histograms))
    lines.push(...histogramLines(name, metrics.timings[key as keyof typeof histograms]));
  return `${lines.join('\n')}\n`;
}

function histogramLines(name: string, { bounds, counts, sum, count }: Timing): string[] {
  return [
    `# TYPE ${name} histogram`,
    ...bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${counts[index]}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ];
}
