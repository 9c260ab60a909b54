import { join, resolve } from 'node:path';
import type { LogRecord } from '#kernel/log';
import type { VectorSettings } from '../settings.ts';
import { createFileSink } from './sinks/file.ts';
import { createAnalyticsSink, createHttpSink } from './sinks/http.ts';
import { createLokiSink } from './sinks/loki.ts';
import { createOtlpSink } from './sinks/otlp.ts';
import { type PostOptions, parseHeaders, separateCredentials } from './sinks/post.ts';
import type { Sink } from './sinks/sink.ts';

/** What decides where records go, besides the settings. */
export interface SinkSurroundings {
  readonly store?: ((records: readonly LogRecord[]) => Promise<void>) | undefined;
  readonly cwd: string;
}

/** A sink, and whether the operator's choice of streams is for it. */
export interface ChosenSink {
  readonly sink: Sink;
  readonly filtered: boolean;
}

/** The sinks that are configured; analytics is one wherever it can be reached. */
export function chooseSinks(settings: VectorSettings, { store, cwd }: SinkSurroundings): readonly ChosenSink[] {
  const post = (url: string, headers: readonly string[]): PostOptions => {
    const { url: address, headers: credentials } = separateCredentials(url);
    return { url: address, headers: { ...credentials, ...parseHeaders(headers) }, timeout: settings.sinkTimeout };
  };
  const chosen: ChosenSink[] = [];
  if (store) chosen.push({ sink: { name: 'analytics', deliver: store }, filtered: false });
  else if (settings.analyticsUrl) {
    const key = settings.accessToken ? [`x-api-key: ${settings.accessToken}`] : [];
    chosen.push({ sink: createAnalyticsSink(post(settings.analyticsUrl, key)), filtered: false });
  }
  const { file, httpUrl, lokiUrl, otlpUrl } = settings;
  const others: (Sink | undefined)[] = [
    file === undefined
      ? undefined
      : createFileSink({ path: resolve(cwd, file), maxSize: settings.fileSize, keep: settings.fileKeep }),
    httpUrl === undefined ? undefined : createHttpSink(post(httpUrl, settings.httpHeaders)),
    lokiUrl === undefined ? undefined : createLokiSink(post(lokiUrl, settings.lokiHeaders)),
    otlpUrl === undefined ? undefined : createOtlpSink(post(otlpUrl, settings.otlpHeaders)),
  ];
  for (const sink of others) if (sink) chosen.push({ sink, filtered: true });
  return chosen;
}

/** Folder of a sink's buffer. */
export const bufferOf = (folder: string, sink: string): string => join(folder, sink);
