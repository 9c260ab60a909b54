import { defineErrors, type ServiceError } from '#kernel/errors';

/**
 * What rest itself answers. Codes, statuses and texts are PostgREST 14's (documentation, "Errors"), on which clients
 * and scripts match; `STACK` codes are bounds of ours. Where a message holds names, the one here is only its kind.
 */
export const restErrors = {
  PGRST000: { status: 503, message: 'Database connection error.' },
  PGRST001: { status: 503, message: 'Database client error. Retrying the connection.' },
  PGRST002: { status: 503, message: 'Could not query the database for the schema cache. Retrying.' },
  PGRST003: { status: 504, message: 'Timed out acquiring connection from connection pool.' },
  PGRST100: { status: 400, message: 'The query string could not be parsed' },
  PGRST101: { status: 405, message: 'Cannot use this method on RPC' },
  PGRST102: { status: 400, message: 'Empty or invalid json' },
  PGRST103: { status: 416, message: 'Requested range not satisfiable' },
  PGRST105: { status: 405, message: "Filters must include all and only primary key columns with 'eq' operators" },
  PGRST106: { status: 406, message: 'Invalid schema' },
  PGRST107: { status: 406, message: 'None of these media types are available' },
  PGRST108: { status: 400, message: 'Not an embedded resource in this request' },
  PGRST111: {
    status: 500,
    message: 'response.headers guc must be a JSON array composed of objects with a single key and a string value',
  },
  PGRST112: { status: 500, message: 'response.status guc must be a valid status code' },
  PGRST114: { status: 400, message: 'limit/offset querystring parameters are not allowed for PUT' },
  PGRST115: { status: 400, message: 'Payload values do not match URL in primary key column(s)' },
  PGRST116: { status: 406, message: 'Cannot coerce the result to a single JSON object' },
  PGRST117: { status: 405, message: 'Unsupported HTTP method' },
  PGRST118: { status: 400, message: 'A related order is not possible' },
  PGRST121: { status: 500, message: `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error` },
  PGRST122: { status: 400, message: 'Invalid preferences given with handling=strict' },
  PGRST123: { status: 400, message: 'Use of aggregate functions is not allowed' },
  PGRST124: { status: 400, message: 'Query result exceeds max-affected preference constraint' },
  PGRST125: { status: 404, message: 'Invalid path specified in request URL' },
  PGRST126: { status: 404, message: 'Root endpoint metadata is disabled' },
  PGRST127: { status: 400, message: 'Feature not implemented' },
  PGRST128: {
    status: 400,
    message: 'Function must return SETOF or TABLE when max-affected preference is used with handling=strict',
  },
  PGRST200: { status: 400, message: 'Could not find a relationship in the schema cache' },
  PGRST201: { status: 300, message: 'Could not embed because more than one relationship was found' },
  PGRST202: { status: 404, message: 'Could not find the function in the schema cache' },
  PGRST203: { status: 300, message: 'Could not choose the best candidate function' },
  PGRST204: { status: 400, message: 'Could not find the column in the schema cache' },
  PGRST205: { status: 404, message: 'Could not find the table in the schema cache' },
  PGRST300: { status: 500, message: 'Server lacks JWT secret' },
  PGRST301: { status: 401, message: "JWT couldn't be decoded" },
  PGRST302: { status: 401, message: 'Anonymous access is disabled' },
  PGRST303: { status: 401, message: 'JWT claims are not acceptable' },
  PGRSTX00: { status: 500, message: 'Internal error' },
  '21000': { status: 400, message: 'UPDATE requires a WHERE clause' },
  STACK413: { status: 413, message: 'The request body is too large' },
  STACK414: { status: 414, message: 'The request URL is too long' },
  STACK499: { status: 499, message: 'The client closed the request' },
  STACK503: { status: 503, message: 'Too many requests are waiting for a database connection' },
  STACK600: { status: 400, message: 'The batch could not be understood' },
  STACK601: { status: 413, message: 'The batch is too large' },
  STACK602: { status: 424, message: 'A reference of the batch leads nowhere' },
  STACK603: { status: 412, message: 'A precondition of the batch does not hold' },
  STACK610: { status: 400, message: 'A list of values is too long' },
  STACK611: { status: 400, message: 'Embedded resources are nested too deeply' },
  STACK612: { status: 400, message: 'The query is too expensive' },
} as const;

/** Makes an error of the catalogue. */
export const restError = defineErrors(restErrors);

/** The body of an error: keys in this order and no white space, as Content-Length shows. */
export function renderError({ code, details, hint, message }: ServiceError): string {
  return JSON.stringify({ code, details: details ?? null, hint, message });
}
