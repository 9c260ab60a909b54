import { type PostOptions, postJson } from './post.ts';
import { bySource, recordObject, type Sink } from './sink.ts';

/** Posts records as a JSON array. */
export function createHttpSink(options: PostOptions): Sink {
  return {
    name: 'http',
    deliver: (records, signal) => postJson(options, records.map(recordObject), signal),
  };
}

/** Posts records to an analytics that runs elsewhere, each stream by itself (spec services §D.1). @param options.url its base */
export function createAnalyticsSink(options: PostOptions): Sink {
  return {
    name: 'analytics',
    async deliver(records, signal) {
      for (const [source, events] of bySource(records)) {
        const url = `${options.url}/api/logs?source_name=${encodeURIComponent(source)}`;
        await postJson({ ...options, url }, events.map(recordObject), signal);
      }
    },
  };
}
