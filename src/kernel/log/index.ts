export { microsecondsOf, parseEvents } from './event-body.ts';
export { createLogBus, type EntryNews, type LogBus, type LogNews, type RequestNews } from './log-bus.ts';
export { createRecordIds, isUuid, type LogRecord, type RecordIds } from './log-record.ts';
export { createLogger, type Logger, type LoggerOptions, type LogLevel, lazyChild } from './logger.ts';
export { createRedactor, type Redactor, redactUrl } from './redact.ts';
