import pg from 'pg';
import type { DatabaseError } from './database-error.ts';

// PostgreSQL documentation, "Error and Notice Message Fields", with the names the driver gives them.
const names: Readonly<Record<string, string>> = {
  S: 'severity',
  V: 'severity',
  C: 'code',
  M: 'message',
  D: 'detail',
  H: 'hint',
  P: 'position',
  p: 'internalPosition',
  q: 'internalQuery',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  d: 'dataType',
  n: 'constraint',
  F: 'file',
  L: 'line',
  R: 'routine',
};

/** The error of an ErrorResponse's body, of the same class as those that the driver raises. */
export function readErrorFields(body: Buffer): DatabaseError {
  const fields: Record<string, string> = {};
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at);
    if (end < 0) break;
    const name = names[String.fromCharCode(body[at] as number)];
    if (name !== undefined) fields[name] = body.toString('utf8', at + 1, end);
    at = end + 1;
  }
  const { message = 'the server reported an error without a text', ...rest } = fields;
  return Object.assign(new pg.DatabaseError(message, body.length, 'error'), rest) as DatabaseError;
}
