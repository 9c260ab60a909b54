import { catalogueOf, defineErrors, type ServiceError } from '#kernel/errors';

/**
 * What rest itself answers. Codes, statuses and texts are PostgREST 14's (documentation, "Errors"), on which clients
 * and scripts match; `STACK` codes are bounds of ours. Where a message holds names, the one here is only its kind.
 */
export const restErrors = catalogueOf({
  300: {
    PGRST201: 'Could not embed because more than one relationship was found',
    PGRST203: 'Could not choose the best candidate function',
  },
  400: {
    '21000': 'UPDATE requires a WHERE clause',
    PGRST100: 'The query string could not be parsed',
    PGRST102: 'Empty or invalid json',
    PGRST108: 'Not an embedded resource in this request',
    PGRST114: 'limit/offset querystring parameters are not allowed for PUT',
    PGRST115: 'Payload values do not match URL in primary key column(s)',
    PGRST118: 'A related order is not possible',
    PGRST122: 'Invalid preferences given with handling=strict',
    PGRST123: 'Use of aggregate functions is not allowed',
    PGRST124: 'Query result exceeds max-affected preference constraint',
    PGRST127: 'Feature not implemented',
    PGRST128: 'Function must return SETOF or TABLE when max-affected preference is used with handling=strict',
    PGRST200: 'Could not find a relationship in the schema cache',
    PGRST204: 'Could not find the column in the schema cache',
    STACK600: 'The batch could not be understood',
    STACK610: 'A list of values is too long',
    STACK611: 'Embedded resources are nested too deeply',
    STACK612: 'The query is too expensive',
  },
  401: {
    PGRST301: "JWT couldn't be decoded",
    PGRST302: 'Anonymous access is disabled',
    PGRST303: 'JWT claims are not acceptable',
  },
  404: {
    PGRST125: 'Invalid path specified in request URL',
    PGRST126: 'Root endpoint metadata is disabled',
    PGRST202: 'Could not find the function in the schema cache',
    PGRST205: 'Could not find the table in the schema cache',
  },
  405: {
    PGRST101: 'Cannot use this method on RPC',
    PGRST105: "Filters must include all and only primary key columns with 'eq' operators",
    PGRST117: 'Unsupported HTTP method',
  },
  406: {
    PGRST106: 'Invalid schema',
    PGRST107: 'None of these media types are available',
    PGRST116: 'Cannot coerce the result to a single JSON object',
  },
  412: {
    STACK603: 'A precondition of the batch does not hold',
  },
  413: {
    STACK413: 'The request body is too large',
    STACK601: 'The batch is too large',
  },
  414: {
    STACK414: 'The request URL is too long',
  },
  416: {
    PGRST103: 'Requested range not satisfiable',
  },
  424: {
    STACK602: 'A reference of the batch leads nowhere',
  },
  499: {
    STACK499: 'The client closed the request',
  },
  500: {
    PGRST111: 'response.headers guc must be a JSON array composed of objects with a single key and a string value',
    PGRST112: 'response.status guc must be a valid status code',
    PGRST121: 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error',
    PGRST300: 'Server lacks JWT secret',
    PGRSTX00: 'Internal error',
  },
  503: {
    PGRST000: 'Database connection error.',
    PGRST001: 'Database client error. Retrying the connection.',
    PGRST002: 'Could not query the database for the schema cache. Retrying.',
    STACK503: 'Too many requests are waiting for a database connection',
  },
  504: {
    PGRST003: 'Timed out acquiring connection from connection pool.',
  },
});

/** Makes an error of the catalogue. */
export const restError = defineErrors(restErrors);

/** The body of an error: keys in this order and no white space, as Content-Length shows. */
export function renderError({ code, details, hint, message }: ServiceError): string {
  return JSON.stringify({ code, details: details ?? null, hint, message });
}
