import { boolean, bytes, duration, integer, list, type SettingsOf, string, url } from '#kernel/config';

/** The vector room's settings. */
export const vectorSettings = {
  flushInterval: duration({
    name: 'VECTOR_FLUSH_INTERVAL',
    default: 250,
    min: 10,
    max: 10_000,
    help: 'How long events are collected before they are sent on.',
  }),
  intakeEvents: integer({
    name: 'VECTOR_INTAKE_EVENTS',
    default: 8_192,
    min: 100,
    help: 'Events of this program that may wait to be shaped; more are counted and forgotten.',
  }),
  requestRate: integer({
    name: 'VECTOR_REQUEST_RATE',
    default: 2_000,
    min: 1,
    help: 'Requests a second that get an event of their own; beyond it only those that failed do, the others are counted.',
  }),
  bufferMemory: bytes({
    name: 'VECTOR_BUFFER_MEMORY',
    default: 4 * 1024 * 1024,
    min: 65_536,
    help: 'Events that wait for one sink in memory; what exceeds it goes to disk.',
  }),
  bufferDisk: bytes({
    name: 'VECTOR_BUFFER_DISK',
    default: 256 * 1024 * 1024,
    help: 'Events that wait for one sink on disk; beyond it the oldest are dropped. 0: none are kept there.',
  }),
  bufferFolder: string({
    name: 'VECTOR_DATA_DIR',
    help: 'Folder of events that wait on disk; default `logs/buffer` below VOLUMES_DIR.',
  }),
  batchEvents: integer({
    name: 'VECTOR_BATCH_EVENTS',
    default: 1_000,
    min: 1,
    max: 10_000,
    help: 'Events sent to a sink at once.',
  }),
  retryFirst: duration({
    name: 'VECTOR_RETRY_FIRST',
    default: 1_000,
    min: 10,
    help: 'First pause before events that a sink did not take are sent again.',
  }),
  retryLongest: duration({
    name: 'VECTOR_RETRY_LONGEST',
    default: 30_000,
    min: 10,
    help: 'Longest such pause; it is tried until the buffers are full.',
  }),
  sinkTimeout: duration({
    name: 'VECTOR_SINK_TIMEOUT',
    default: 30_000,
    min: 100,
    help: 'How long a sink that is reached over HTTP may take to answer.',
  }),
  sources: list({
    name: 'VECTOR_SINK_SOURCES',
    default: [],
    help: 'Streams that the sinks beside analytics get, e.g. cloudflare.logs.prod; empty: all.',
  }),
  file: string({
    name: 'VECTOR_FILE',
    help: 'File that events are written to as one JSON object a line.',
  }),
  fileSize: bytes({
    name: 'VECTOR_FILE_MAX_SIZE',
    default: 50 * 1024 * 1024,
    min: 1_024,
    help: 'Size at which the file is put aside and a new one begun.',
  }),
  fileKeep: integer({
    name: 'VECTOR_FILE_KEEP',
    default: 5,
    min: 0,
    max: 1_000,
    help: 'How many files put aside are kept.',
  }),
  httpUrl: url({
    name: 'VECTOR_HTTP_URL',
    protocols: ['http', 'https'],
    secret: true,
    help: 'Address that events are posted to as a JSON array.',
  }),
  httpHeaders: list({
    name: 'VECTOR_HTTP_HEADERS',
    default: [],
    secret: true,
    item: [/^[\w-]+: ?\S.*$/, 'must be a list of NAME: VALUE'],
    help: 'Headers sent along there.',
  }),
  lokiUrl: url({
    name: 'VECTOR_LOKI_URL',
    protocols: ['http', 'https'],
    secret: true,
    help: 'Address of a Loki; `/loki/api/v1/push` is added.',
  }),
  lokiHeaders: list({
    name: 'VECTOR_LOKI_HEADERS',
    default: [],
    secret: true,
    item: [/^[\w-]+: ?\S.*$/, 'must be a list of NAME: VALUE'],
    help: 'Headers sent along there, e.g. X-Scope-OrgID: tenant.',
  }),
  otlpUrl: url({
    name: 'VECTOR_OTLP_URL',
    protocols: ['http', 'https'],
    secret: true,
    help: 'Address that takes OpenTelemetry logs over HTTP; `/v1/logs` is added.',
  }),
  otlpHeaders: list({
    name: 'VECTOR_OTLP_HEADERS',
    default: [],
    secret: true,
    item: [/^[\w-]+: ?\S.*$/, 'must be a list of NAME: VALUE'],
    help: 'Headers sent along there.',
  }),
  postgresLog: string({
    name: 'VECTOR_POSTGRES_LOG',
    help: 'Folder in which a PostgreSQL server that is not the embedded one writes its log as jsonlog.',
  }),
  httpSource: boolean({
    name: 'VECTOR_HTTP_SOURCE',
    default: true,
    help: 'Take events over HTTP, with the public access token of analytics as key.',
  }),
  bodyLimit: bytes({
    name: 'VECTOR_BODY_LIMIT',
    default: 12 * 1024 * 1024,
    min: 1_024,
    help: 'Bytes of one such request at most.',
  }),
  accessToken: string({
    name: 'LOGFLARE_PUBLIC_ACCESS_TOKEN',
    secret: true,
    help: 'Ingest and query token of analytics, at least 32 characters.',
  }),
  analyticsUrl: url({
    name: 'ANALYTICS_URL',
    protocols: ['http', 'https'],
    help: 'Where analytics runs, when not in this process.',
  }),
};

/** The vector room's parsed settings. */
export type VectorSettings = SettingsOf<typeof vectorSettings>;
