/** Names of the streams, exactly as the original seeds them (spec stack §5); `stack` is ours. */
export const streams = {
  edge: 'cloudflare.logs.prod',
  postgres: 'postgres.logs',
  invocations: 'deno-relay-logs',
  functions: 'deno-subhosting-events',
  auth: 'gotrue.logs.prod',
  realtime: 'realtime.logs.prod',
  storage: 'storage.logs.prod.2',
  rest: 'postgREST.logs.prod',
  pooler: 'pgbouncer.logs.prod',
  stack: 'stack.logs',
} as const;

/** The stream of a room's own lines; rooms without one share that of the stack. */
export function streamOfRoom(room: string): string {
  switch (room) {
    case 'auth':
    case 'realtime':
    case 'storage':
    case 'rest':
    case 'pooler':
      return streams[room];
    default:
      return streams.stack;
  }
}
