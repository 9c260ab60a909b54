import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { adoptRequestId, sendJson } from '#kernel/http';
import type { Tracer } from '#kernel/trace';
import { imgproxyAddress } from '../core/imgproxy-address.ts';
import type { GatewaySettings } from '../settings.ts';
import type { EdgeTarget } from './target.ts';
import { handleTraced } from './traced.ts';

/** A port of the compose file and who answers on it. */
export interface DirectPort {
  readonly port: number;
  readonly setting: string;
  /** Address to bind to; undefined: that of all ports. */
  readonly host?: string | undefined;
  /** Listens in the file system instead. */
  readonly socket?: { readonly path: string; readonly mode: number } | undefined;
  /** Mount by host name (first match), and the one for every other name. */
  readonly byHost: readonly { readonly names: readonly string[]; readonly mount: string }[];
  /** Mount by path and all below it, where no host name fits. */
  readonly byPath?: readonly { readonly path: string; readonly mount: string }[];
  readonly mount: string;
  /** The others serve without it, where it is taken. */
  readonly spare?: boolean;
  /** Mounts in that one's place, where its room does not run here. */
  readonly otherwise?: readonly string[];
}

/** The compose file's ports of the rooms that exist. Several services shared one port under different host names. */
export function directPorts(settings: GatewaySettings): readonly DirectPort[] {
  const { directRestSocket: path, directRestSocketMode: mode } = settings;
  return [
    {
      port: settings.directAuthPort,
      host: settings.directAuthHost,
      setting: 'GATEWAY_DIRECT_AUTH_PORT',
      byHost: [],
      mount: 'auth',
    },
    {
      port: settings.directRestPort,
      host: settings.directRestHost,
      socket: path === undefined ? undefined : { path, mode: Number.parseInt(mode, 8) },
      setting: 'GATEWAY_DIRECT_REST_PORT',
      byHost: [{ names: ['studio', 'supabase-studio'], mount: 'studio' }],
      mount: 'rest',
    },
    {
      port: settings.directRealtimePort,
      setting: 'GATEWAY_DIRECT_REALTIME_PORT',
      byHost: [
        { names: ['pooler', 'supavisor', 'supabase-pooler', 'supabase-supavisor'], mount: 'pooler' },
        { names: ['analytics', 'logflare', 'supabase-analytics'], mount: 'analytics' },
      ],
      byPath: [
        { path: '/api/health', mount: 'pooler' },
        { path: '/health', mount: 'analytics' },
        { path: '/api/logs', mount: 'analytics' },
        { path: '/api/endpoints', mount: 'analytics' },
      ],
      mount: 'realtime',
      otherwise: ['pooler', 'analytics'],
    },
    { port: settings.directStoragePort, setting: 'GATEWAY_DIRECT_STORAGE_PORT', byHost: [], mount: 'storage' },
    { ...imgproxyAddress(settings), byHost: [], mount: 'imgproxy' },
    {
      port: settings.directMetaPort,
      host: settings.directMetaHost,
      setting: 'GATEWAY_DIRECT_META_PORT',
      byHost: [],
      mount: 'meta',
    },
    { port: settings.directFunctionsPort, setting: 'GATEWAY_DIRECT_FUNCTIONS_PORT', byHost: [], mount: 'functions' },
    {
      port: settings.directMetaPort + 1,
      host: settings.directMetaHost,
      setting: 'GATEWAY_DIRECT_META_PORT',
      byHost: [],
      mount: 'meta-metrics',
      spare: true,
    },
    { port: settings.directStudioPort, setting: 'GATEWAY_DIRECT_STUDIO_PORT', byHost: [], mount: 'studio' },
    {
      port: settings.directAnalyticsPort,
      setting: 'GATEWAY_DIRECT_ANALYTICS_PORT',
      byHost: [],
      mount: 'analytics',
      spare: true,
    },
    {
      port: settings.directVectorPort,
      setting: 'GATEWAY_DIRECT_VECTOR_PORT',
      byHost: [],
      mount: 'vector',
      spare: true,
    },
  ];
}

/** The handler of one direct port. */
export function directTarget(
  port: DirectPort,
  target: (mount: string) => EdgeTarget | undefined,
  tracer: () => Tracer | undefined,
): EdgeTarget & Required<Pick<EdgeTarget, 'upgrade'>> {
  const firstTarget = (mounts: readonly string[]) => {
    for (const mount of mounts) {
      const found = target(mount);
      if (found) return found;
    }
    return undefined;
  };
  const choose = (request: IncomingMessage) => {
    // Who the gateway says it let in, only the gateway says.
    for (const header in request.headers) if (header.startsWith('x-consumer-')) delete request.headers[header];
    const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    const named = port.byHost.find((entry) => entry.names.includes(name))?.mount;
    if (named) return target(named);
    const [path = ''] = (request.url ?? '').split('?');
    const placed = port.byPath?.find((entry) => path === entry.path || path.startsWith(`${entry.path}/`))?.mount;
    return (placed && target(placed)) || firstTarget([port.mount, ...(port.otherwise ?? [])]);
  };
  return {
    handle(request: IncomingMessage, response: ServerResponse) {
      response.setHeader('x-request-id', adoptRequestId(request).id);
      const chosen = choose(request);
      const traces = chosen && tracer();
      if (traces) handleTraced(traces, { route: '/', mount: port.mount }, request, response, chosen);
      else if (chosen) chosen.handle(request, response);
      else sendJson(response, 503, { message: 'This service does not run in this process' });
    },
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
      adoptRequestId(request);
      const chosen = choose(request);
      if (chosen?.upgrade) chosen.upgrade(request, socket, head);
      else socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    },
  };
}
