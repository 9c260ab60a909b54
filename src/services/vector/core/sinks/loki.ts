import type { LogRecord } from '#kernel/log';
import { type PostOptions, postJson } from './post.ts';
import { bySource, type Sink } from './sink.ts';

/** Pushes records to Loki's HTTP interface (`/loki/api/v1/push`), one stream each. @param options.url its base */
export function createLokiSink(options: PostOptions): Sink {
  const target = { ...options, url: `${options.url}/loki/api/v1/push` };
  return { name: 'loki', deliver: (records, signal) => postJson(target, lokiBody(records), signal) };
}

/** The body of a push: labels of few values only, since each set of labels is a stream of its own there. */
export function lokiBody(records: readonly LogRecord[]): object {
  return {
    streams: [...bySource(records)].map(([source, events]) => ({
      stream: { job: 'pmoves-supabase', source },
      values: events.map(entryOf),
    })),
  };
}

function entryOf({ id, at, message, metadata }: LogRecord): [nanoseconds: string, line: string] {
  return [`${at}000`, JSON.stringify({ event_message: message, id, metadata: JSON.parse(metadata) as unknown })];
}
