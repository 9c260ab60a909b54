import { createHistogram, type Histogram } from '#kernel/metrics';

/** What is counted, all from the room's start on. */
export interface Counters {
  joins: number;
  inputBytes: number;
  outputBytes: number;
  presenceEvents: number;
  changeEvents: number;
  dropped: number;
  malformed: number;
  unknownEvents: number;
  errors: number;
}

/** Counters and, for some, how long something took. */
export interface Metrics {
  readonly counters: Counters;
  /** @param value milliseconds that one run took, or bytes */
  observe(what: Timed, value: number): void;
  readonly timings: Readonly<Record<Timed, Histogram>>;
}

const milliseconds = [1, 5, 10, 50, 100, 500, 1_000, 5_000];
const sizes = [250, 500, 1_000, 3_000, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 3_000_000];

/** What is timed or measured, with the original's name for it. */
const timed = {
  readCheck: ['realtime_tenants_read_authorization_check', 'Time of checks whether somebody may read', milliseconds],
  writeCheck: ['realtime_tenants_write_authorization_check', 'Time of checks whether somebody may write', milliseconds],
  replay: ['realtime_tenants_replay', 'Time of looking up stored messages', milliseconds],
  payloadSize: ['realtime_payload_size', 'Bytes of messages that clients sent', sizes],
  storedSinceCommit: [
    'realtime_tenants_broadcast_from_database_latency_committed_at',
    'Milliseconds from the commit of a stored message until it is sent',
    milliseconds,
  ],
  storedSinceInsert: [
    'realtime_tenants_broadcast_from_database_latency_inserted_at',
    'Milliseconds from the insert of a stored message until it is sent',
    milliseconds,
  ],
  // There the query that decodes, filters and authorises; here all of that for the changes that came together.
  changesQuery: [
    'realtime_replication_poller_query_duration',
    'Milliseconds to decide who gets the changes that came together',
    milliseconds,
  ],
} as const;

/** What is timed. */
export type Timed = keyof typeof timed;

/** Creates a room's metrics. */
export function createMetrics(): Metrics {
  const timings = Object.fromEntries(
    Object.entries(timed).map(([what, [name, help, bounds]]) => [what, createHistogram({ name, help }, bounds)]),
  ) as Record<Timed, Histogram>;
  return {
    counters: {
      joins: 0,
      inputBytes: 0,
      outputBytes: 0,
      presenceEvents: 0,
      changeEvents: 0,
      dropped: 0,
      malformed: 0,
      unknownEvents: 0,
      errors: 0,
    },
    timings,
    observe: (what, value) => timings[what].observe(value),
  };
}
