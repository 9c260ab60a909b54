import type { LogRecord } from '#kernel/log';
import { type PostOptions, postJson } from './post.ts';
import { bySource, type Sink } from './sink.ts';

/** Exports records as OpenTelemetry logs: OTLP over HTTP in its JSON encoding. @param options.url the collector's base */
export function createOtlpSink(options: PostOptions): Sink {
  const target = { ...options, url: `${options.url}/v1/logs` };
  return { name: 'otlp', deliver: (records, signal) => postJson(target, otlpBody(records), signal) };
}

/** An `ExportLogsServiceRequest`; a record's stream is its scope. */
export function otlpBody(records: readonly LogRecord[]): object {
  const scopes = bySource(records);
  return {
    resourceLogs: [
      {
        resource: { attributes: [attribute('service.name', 'pmoves-supabase')] },
        scopeLogs: [...scopes].map(([name, logs]) => ({ scope: { name }, logRecords: logs.map(logRecord) })),
      },
    ],
  };
}

function logRecord({ id, at, message, metadata }: LogRecord): object {
  const fields = JSON.parse(metadata) as Record<string, unknown>;
  const severity = severityOf(fields);
  return {
    timeUnixNano: `${at}000`,
    observedTimeUnixNano: `${at}000`,
    severityNumber: severityNumbers[severity],
    severityText: severity.toUpperCase(),
    body: { stringValue: message },
    attributes: [
      attribute('log.record.uid', id),
      ...Object.entries(fields).map(([key, value]) => attribute(key, value)),
    ],
  };
}

// OpenTelemetry's logs data model, "Severity fields".
const severityNumbers = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
type Severity = keyof typeof severityNumbers;

const severityWords: Readonly<Record<string, Severity>> = {
  warning: 'warn',
  notice: 'info',
  log: 'info',
  panic: 'fatal',
  ...Object.fromEntries(Object.keys(severityNumbers).map((word) => [word, word as Severity])),
};

function severityOf(fields: Record<string, unknown>): Severity {
  const { error_severity } = (fields.parsed ?? {}) as { error_severity?: unknown };
  const { status_code } = (fields.response ?? {}) as { status_code?: unknown };
  const word = severityWords[String(error_severity ?? fields.level ?? '').toLowerCase()];
  return word ?? (typeof status_code === 'number' && status_code >= 500 ? 'error' : 'info');
}

const attribute = (key: string, value: unknown): object => ({ key, value: anyValue(value) });

function anyValue(value: unknown): object {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      // 64-bit integers are texts in Protobuf's JSON.
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
      if (value === null || value === undefined) return {};
      return { kvlistValue: { values: Object.entries(value).map(([key, inner]) => attribute(key, inner)) } };
  }
}
