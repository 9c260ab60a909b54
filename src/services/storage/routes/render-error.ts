import type { ServiceError } from '#kernel/errors';
import { renderError } from '../errors.ts';
import type { ErrorAnswer } from './route.ts';

const headers = { 'content-type': 'application/json; charset=utf-8' };

/** A feature that is off is told by its own name here; clients compare with it. */
const isOff = (error: ServiceError) => (error.code === 'FeatureNotEnabled' ? error.code : undefined);

/** The usual body with the true status, as routes of vector buckets answer. */
export function trueStatus(error: ServiceError): ErrorAnswer {
  const { body } = renderError(error);
  const code = isOff(error);
  return { status: error.status, headers, body: JSON.stringify(code ? { ...body, error: code, code } : body) };
}

/** What clients of Iceberg's REST catalogue read. */
export function asIcebergError(error: ServiceError): ErrorAnswer {
  const { body } = renderError(error);
  return {
    status: error.status,
    headers,
    body: JSON.stringify({ error: { message: error.message, type: isOff(error) ?? body.code, code: error.status } }),
  };
}
