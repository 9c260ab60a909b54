import { counter, gauge, type MetricFamily } from '#kernel/metrics';
import type { RealtimeContext } from './context.ts';

/** The room's figures, under the original's names (spec §5.3). */
export function metricFamilies(context: RealtimeContext, tenant: string): readonly MetricFamily[] {
  const { users, sessions, metrics, rates, presence, hub, feed } = context;
  const { counters } = metrics;
  const of = (value: number | boolean) => [{ labels: { tenant }, value: Number(value) }];
  const families = [
    gauge('realtime_connections_connected', 'Sockets that have joined a channel, on this node', of(users.here)),
    gauge(
      'realtime_connections_connected_cluster',
      'Sockets that have joined a channel, on all nodes',
      of(users.here + users.elsewhere()),
    ),
    gauge('realtime_tenants_connected', 'Tenants with such sockets', of(users.here > 0)),
    gauge('realtime_sockets', 'Open sockets', of(sessions.size)),
    gauge('realtime_rooms', 'Topics that somebody has joined', of(hub.size)),
    gauge('realtime_presences', 'Clients that are tracked as present', of(presence.size)),
    counter('realtime_channel_joins', 'Joins of channels', of(counters.joins)),
    counter('realtime_channel_events', 'Events of channels', of(rates.events.total)),
    counter('realtime_channel_db_events', 'Changes of the database that were sent', of(counters.changeEvents)),
    counter('realtime_channel_presence_events', 'Events of presence', of(counters.presenceEvents)),
    counter('realtime_channel_input_bytes', 'Bytes that clients sent', of(counters.inputBytes)),
    counter('realtime_channel_output_bytes', 'Bytes that clients were sent', of(counters.outputBytes)),
    counter('realtime_channel_error', 'Errors that clients were told', of(counters.errors)),
    counter('realtime_channel_dropped', 'Messages dropped for clients that are too slow', of(counters.dropped)),
    counter('realtime_channel_malformed', 'Messages that could not be read', of(counters.malformed)),
    ...Object.values(metrics.timings).map((timing) => timing.family()),
  ];
  if (!feed) return families;
  const { streaming, lagBytes, retainedBytes, subscriptions, checks } = feed.health();
  return [
    ...families,
    gauge('realtime_changes_streaming', 'Whether changes of the database come in', of(streaming)),
    gauge('realtime_changes_lag_bytes', 'Bytes of the log not read yet', of(lagBytes)),
    gauge('realtime_changes_retained_bytes', 'Bytes of changes kept for those who come back', of(retainedBytes)),
    gauge('realtime_changes_subscriptions', 'Subscriptions to changes', of(subscriptions)),
    counter('realtime_changes_checks', 'Checks of what a subscriber may see', of(checks)),
  ];
}
