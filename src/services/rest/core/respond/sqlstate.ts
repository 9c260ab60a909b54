/** What decides over the status beside the code. */
export interface RaisedError {
  readonly code: string;
  readonly message: string;
}

const byCode: ReadonlyMap<string, number> = new Map([
  ['23503', 409],
  ['23505', 409],
  ['25006', 405],
  ['53400', 500],
  ['57P01', 503],
  ['P0001', 400],
  ['42P01', 404],
  ['42P17', 500],
]);

const byClass: ReadonlyMap<string, number> = new Map([
  ['08', 503],
  ['09', 500],
  ['0L', 403],
  ['0P', 403],
  ['25', 500],
  ['28', 403],
  ['2D', 500],
  ['38', 500],
  ['39', 500],
  ['3B', 500],
  ['40', 500],
  ['53', 503],
  ['54', 500],
  ['55', 500],
  ['57', 500],
  ['58', 500],
  ['F0', 500],
  ['HV', 500],
  ['P0', 500],
  ['XX', 500],
]);

/** HTTP status of an error PostgreSQL raised (PostgREST 14 docs, "HTTP Status Codes"). */
export function statusOfSqlState({ code, message }: RaisedError, isAnonymous: boolean): number {
  switch (code) {
    case '21000':
      return message.endsWith('requires a WHERE clause') ? 400 : 500;
    case '22023':
      return message.startsWith('role') && message.endsWith('does not exist') ? 401 : 400;
    case '42883':
      return message.startsWith('function xmlagg(') ? 406 : 404;
    case '42501':
      return isAnonymous ? 401 : 403;
    default:
      return byCode.get(code) ?? byClass.get(code.slice(0, 2)) ?? 400;
  }
}
