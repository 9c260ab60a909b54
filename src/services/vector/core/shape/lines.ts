import type { Shaped } from './shaper.ts';
import { streamOfRoom, streams } from './streams.ts';

interface Line {
  readonly level?: string;
  readonly time?: string;
  readonly room?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

// What these say of trouble with logs would make more of it.
const ownRooms = new Set(['vector', 'analytics']);

/** A line of the program's own log; undefined for those that are told by other events, or must not be. */
export function shapeLine(text: string): Shaped | undefined {
  let line: Line;
  try {
    line = JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
  const { level = 'info', time, room = 'stack', msg = '', ...fields } = line;
  if (ownRooms.has(room)) return undefined;
  // Each request has an event of its own, and so has each message of the database server and of a function.
  if (room === 'gateway' && 'status' in fields && 'method' in fields) return undefined;
  if (room === 'db' && 'postgres' in fields) return undefined;
  if (room === 'functions' && 'execution' in fields) return undefined;
  const at = Date.parse(time ?? '') || Date.now();
  const source = streamOfRoom(room);
  const event = { source, at, message: msg };
  const timestamp = time ?? new Date(at).toISOString();
  const { reqId, err, ...others } = fields;
  const error = err === undefined ? {} : { error: errorText(err), err };
  switch (source) {
    case streams.auth: {
      const metadata = { component: 'api', level, msg, ...(reqId ? { request_id: reqId } : {}), ...error, ...others };
      return { ...event, message: JSON.stringify({ ...metadata, time }), metadata: { ...metadata, timestamp } };
    }
    case streams.realtime:
      return {
        ...event,
        metadata: { level, project: 'default', external_id: 'default', ...fields, timestamp },
      };
    case streams.storage: {
      const rawError = err === undefined ? {} : { rawError: JSON.stringify(err) };
      return {
        ...event,
        metadata: { level, project: 'default', tenantId: 'default', ...rawError, ...fields, timestamp },
      };
    }
    case streams.rest:
      return { ...event, metadata: { host: 'default', level, ...fields, timestamp } };
    default:
      return { ...event, metadata: { level, room, ...fields, timestamp } };
  }
}

function errorText(err: unknown): string {
  return typeof err === 'object' && err !== null && 'message' in err ? String(err.message) : String(err);
}
