import type { EntryNews } from '#kernel/log';
import type { Shaped } from './shaper.ts';
import { streams } from './streams.ts';

/** Name under which the log store connects: what the server says of that would never end. */
const storeApplication = 'pmoves-analytics';

/**
 * Something a room told by its fields; of `postgres` these are a message of the database server, in the names of its
 * jsonlog or the original's. Undefined for what must not be told.
 */
export function shapeEntry({ room, at, message, fields }: Omit<EntryNews, 'kind'>): Shaped | undefined {
  switch (room) {
    case 'functions':
      return shapeFunction(at, message, fields);
    case 'postgres':
      return shapePostgres(at, message, fields);
    default:
      return { source: streams.stack, at, message, metadata: { room, ...fields } };
  }
}

// Of functions either a request or something that happened in a worker, in the original's fields of each.
function shapeFunction(at: number, message: string, fields: Readonly<Record<string, unknown>>): Shaped {
  const { kind, function: name, method, pathname, status_code, request_id, detail, event_message, ...rest } = fields;
  const others = { ...rest, ...(detail as object | undefined) };
  const common = { project_ref: 'default', deployment_id: name, function_id: name, function_name: name, version: '1' };
  if (kind !== 'invocation') {
    const request = request_id === undefined ? {} : { request_id };
    const metadata = { ...common, ...others, ...request, region: 'local', timestamp: new Date(at).toISOString() };
    return { source: streams.functions, at, message, metadata };
  }
  return {
    source: streams.invocations,
    at,
    message: message || `${method} | ${status_code} | ${pathname}`,
    metadata: {
      ...common,
      ...others,
      request_id,
      request: { method, pathname, url: pathname },
      response: { status_code },
    },
  };
}

function shapePostgres(at: number, message: string, parsed: Readonly<Record<string, unknown>>): Shaped | undefined {
  if (parsed.application_name === storeApplication) return undefined;
  return {
    source: streams.postgres,
    at,
    message,
    metadata: { host: 'db-default', parsed: { timestamp: new Date(at).toISOString(), ...parsed } },
  };
}
