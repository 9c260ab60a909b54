import { ServiceError } from '#kernel/errors';
import type { DatabaseError } from '#kernel/sql';
import { restError } from '../../errors.ts';
import type { Failure } from './answer.ts';
import { headerText, isHeaderName, isHeaderValue } from './header-text.ts';

const messageHint =
  "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const detailHint =
  "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";

/**
 * An error raised with SQLSTATE `PGRST`: MESSAGE holds the body, DETAIL status and headers (PostgREST 14 docs, "RAISE
 * errors with HTTP Status Codes"). One that is not of that form is PGRST121.
 */
export function raisedByPgrst({ message, detail }: DatabaseError): Failure {
  const body = objectOf(message);
  if (!isText(body?.code) || !isText(body.message) || !isTextOrNone(body.details) || !isTextOrNone(body.hint))
    return unreadable(`Invalid JSON value for MESSAGE: '${message}'`, messageHint);
  if (detail === undefined) return unreadable('DETAIL is missing in the RAISE statement', detailHint);
  const how = objectOf(detail);
  const headers = headersOf(how?.headers);
  const status = how?.status;
  if (!isStatus(status) || headers === undefined || !isTextOrNone(how?.status_text))
    return unreadable(`Invalid JSON value for DETAIL: '${detail}'`, detailHint);
  const error = new ServiceError(body.code, status, body.message, {
    details: body.details ?? null,
    hint: body.hint ?? null,
    headers,
  });
  return { error, statusText: isText(how?.status_text) ? reasonPhrase(how.status_text) : undefined };
}

function unreadable(details: string, hint: string): Failure {
  return { error: restError('PGRST121', { details, hint }), statusText: undefined };
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNone = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';
const isStatus = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 999;

function headersOf(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (!isText(text) || !isHeaderName(name) || !isHeaderValue(text)) return undefined;
    headers[name] = headerText(text);
  }
  return headers;
}

/** A text as a reason phrase: one line. */
export const reasonPhrase = (text: string): string => headerText(text.replace(/\p{Cc}+/gu, ' '));
