import { readFileSync } from 'node:fs';
import { StartupError } from '#kernel/errors';
import { type Listener, startListener } from '#kernel/http';
import type { Room, RoomDefinition } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createKeyRing } from './core/api-keys.ts';
import { createProxyTrust } from './core/forwarding.ts';
import { createMatcher } from './core/match.ts';
import { createMeasures } from './core/measures.ts';
import { routes, routesWithGuardedRoot } from './core/route-table.ts';
import type { GatewayPorts } from './ports.ts';
import { createEdge, type Edge } from './routes/edge.ts';
import { healthHandler, liveHandler } from './routes/health.ts';
import { metricsHandler } from './routes/metrics.ts';
import type { GatewaySettings } from './settings.ts';
import { directPorts, directTarget } from './wire/direct-ports.ts';
import { createRemoteTarget, type RemoteTarget } from './wire/remote.ts';
import type { EdgeTarget } from './wire/target.ts';

/** What the gateway is made of. */
export interface GatewayDeps extends GatewayPorts {
  readonly settings: GatewaySettings;
  readonly log: Logger;
}

/** What the gateway tells once it listens. */
export interface GatewayApi {
  /** Base URL of the HTTP listener, e.g. `http://127.0.0.1:8000`. */
  readonly url: () => string;
  readonly httpsUrl: () => string | undefined;
  /** Where a room's own port is, e.g. `http://127.0.0.1:3000` or `unix:/run/rest.sock`; undefined while it has none. */
  readonly directUrl: (mount: string) => string | undefined;
}

/** The public edge of the program. */
export const gatewayRoom: RoomDefinition<GatewayDeps, GatewayApi> = { name: 'gateway', create };

function create(deps: GatewayDeps): Room<GatewayApi> {
  const { settings, log } = deps;
  const remotes = new Map<string, RemoteTarget>();
  const listeners: Listener[] = [];
  const direct = new Map<string, string>();
  const measures = createMeasures();
  let edge: Edge | undefined;
  let http: Listener | undefined;
  let https: Listener | undefined;

  const tracer = (): ReturnType<NonNullable<GatewayPorts['tracer']>> => deps.tracer?.();
  const remoteUrls: Readonly<Record<string, string | undefined>> = {
    auth: settings.authUrl,
    rest: settings.restUrl,
    realtime: settings.realtimeUrl,
    storage: settings.storageUrl,
    functions: settings.functionsUrl,
    analytics: settings.analyticsUrl,
    meta: settings.metaUrl,
    studio: settings.studioUrl,
  };

  function target(name: string): EdgeTarget | undefined {
    const remoteUrl = remoteUrls[name] ?? deps.elsewhere?.(name);
    if (!remoteUrl) return deps.mount(name);
    let remote = remotes.get(name);
    if (!remote) {
      const timeout = name === 'functions' ? settings.functionsTimeout : settings.upstreamTimeout;
      remote = createRemoteTarget(remoteUrl, timeout, settings.maxInFlight);
      remotes.set(name, remote);
    }
    return remote;
  }

  const limits = {
    host: settings.bindAddress,
    maxHeaderSize: settings.maxHeaderSize,
    headersTimeout: settings.headersTimeout,
    requestTimeout: settings.requestTimeout,
    keepAliveTimeout: settings.keepAliveTimeout,
    maxConnections: settings.maxConnections,
  };

  async function start(): Promise<void> {
    if (settings.directPorts || !deps.edge) await openDirectPorts();
    if (deps.edge) await openEdge();
  }

  async function openEdge(): Promise<void> {
    const ready = healthHandler(deps.health);
    const findKey = createKeyRing(settings);
    const metrics = metricsHandler({ collect: deps.metrics, findKey });
    edge = createEdge({
      gate: {
        findKey,
        requireApiKey: settings.requireApiKey,
        dashboardUsername: settings.dashboardUsername,
        dashboardPassword: settings.dashboardPassword,
        dashboardBasic: settings.dashboardBasic,
      },
      match: createMatcher(settings.restRoot === 'service_role' ? routesWithGuardedRoot : routes),
      target,
      isTrustedProxy: trustFrom(settings.trustedProxies),
      maxBodySize: settings.maxBodySize,
      maxInFlight: settings.maxInFlight,
      accessLog: settings.accessLog,
      observe: deps.observe,
      measures,
      log,
      now: () => performance.now(),
      tracer,
      own: new Map([
        ['/health', ready],
        ['/_health/ready', ready],
        ['/_health/live', liveHandler],
        ...(settings.metrics
          ? ([
              ['/metrics', metrics],
              ['/customer/v1/privileged/metrics', metrics],
            ] as const)
          : []),
      ]),
    });
    const { handle, upgrade } = edge;
    const tls = readCertificate(settings);
    if (tls) {
      https = await startListener({
        ...limits,
        port: settings.httpsPort,
        setting: 'KONG_HTTPS_PORT',
        handle,
        upgrade,
        tls,
      });
      listeners.push(https);
    }
    http = await startListener({ ...limits, port: settings.httpPort, setting: 'KONG_HTTP_PORT', handle, upgrade });
    listeners.push(http);
  }

  async function openDirectPorts(): Promise<void> {
    for (const port of directPorts(settings)) {
      const mounts = [port.mount, ...(port.otherwise ?? []), ...port.byHost.map(({ mount }) => mount)];
      if (!mounts.some((name) => target(name))) continue;
      const opening = startListener({
        ...limits,
        host: port.host ?? limits.host,
        port: port.port,
        ...(port.socket && { socket: port.socket }),
        setting: port.setting,
        ...directTarget(port, target, tracer),
      });
      const listener = port.spare ? await opening.catch(() => undefined) : await opening;
      if (!listener) {
        deps.log.warn({ port: port.port, mount: port.mount }, 'a port that the others serve without is taken');
        continue;
      }
      listeners.push(listener);
      direct.set(port.mount, listener.url);
    }
  }

  return {
    mounts: [],
    api: { url: () => http?.url ?? '', httpsUrl: () => https?.url, directUrl: (mount) => direct.get(mount) },
    start,
    async stop() {
      const open = listeners.splice(0);
      await Promise.all(open.map((listener) => listener.stop(settings.drainTimeout)));
      for (const remote of remotes.values()) remote.close();
      remotes.clear();
      direct.clear();
      http = undefined;
      https = undefined;
    },
    health: () => ({ status: listeners.length > 0 ? 'healthy' : 'starting' }),
    metrics: () => measures.families(edge?.inFlight() ?? 0),
  };
}

function trustFrom(entries: readonly string[]): (address: string) => boolean {
  try {
    return createProxyTrust(entries);
  } catch (error) {
    throw new StartupError((error as Error).message, 'GATEWAY_TRUSTED_PROXIES');
  }
}

function readCertificate(settings: GatewaySettings): { certificate: string; key: string } | undefined {
  if (!settings.certificate && !settings.certificateKey) return undefined;
  if (!settings.certificate) throw new StartupError('a TLS key without a certificate', 'KONG_SSL_CERT');
  if (!settings.certificateKey) throw new StartupError('a TLS certificate without its key', 'KONG_SSL_CERT_KEY');
  const read = (path: string, setting: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new StartupError(`cannot read ${path}: ${(error as Error).message}`, setting);
    }
  };
  return {
    certificate: read(settings.certificate, 'KONG_SSL_CERT'),
    key: read(settings.certificateKey, 'KONG_SSL_CERT_KEY'),
  };
}
