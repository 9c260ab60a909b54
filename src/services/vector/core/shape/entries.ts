import type { EntryNews } from '#kernel/log';
import type { PostgresMessage } from '../../ports.ts';
import type { Shaped } from './shaper.ts';
import { streams } from './streams.ts';

/** Something a room told by its fields. */
export function shapeEntry({ room, at, message, fields }: EntryNews): Shaped {
  return room === 'functions'
    ? shapeFunction(at, message, fields)
    : { source: streams.stack, at, message, metadata: { room, ...fields } };
}

// Of functions either a request or something that happened in a worker, in the original's fields of each.
function shapeFunction(at: number, message: string, fields: Readonly<Record<string, unknown>>): Shaped {
  const { kind, function: name, method, pathname, status_code, request_id, detail, event_message, ...rest } = fields;
  const others = { ...rest, ...(detail as object | undefined) };
  const common = { project_ref: 'default', deployment_id: name, function_id: name, function_name: name, version: '1' };
  if (kind !== 'invocation') {
    const metadata = { ...common, ...others, region: 'local', timestamp: new Date(at).toISOString() };
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

/**
 * A message of the database server; undefined for what the storing of logs caused itself, which would never end.
 *
 * @param ownApplication name that the connections of the log store carry
 */
export function shapePostgres({ at, message, parsed }: PostgresMessage, ownApplication: string): Shaped | undefined {
  if (parsed.application_name === ownApplication) return undefined;
  return {
    source: streams.postgres,
    at,
    message,
    metadata: { host: 'db-default', parsed: { timestamp: new Date(at).toISOString(), ...parsed } },
  };
}
