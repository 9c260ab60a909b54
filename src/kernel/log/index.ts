export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { createRedactor, type Redactor, redactUrl } from './redact.ts';
