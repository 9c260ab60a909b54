import { imgproxyAddress } from '#services/gateway';
import { type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';
import { type Command, print } from './command.ts';
import { fetchHealth } from './remote-health.ts';
import { sendRequest } from './request.ts';

interface ReadyAddress {
  readonly room: string;
  readonly url: string;
}

/** Where a room that runs alone tells that it is ready, when it has such a place. */
function readyAddress({ rooms, rest, imgproxy, gateway }: LoadedSettings): ReadyAddress | undefined {
  if (rooms.size !== 1) return undefined;
  if (rooms.has('rest') && rest.adminPort) {
    const host = rest.adminHost ?? rest.serverHost ?? rest.bindAddress;
    return { room: 'rest', url: `${baseUrl(host, rest.adminPort)}/ready` };
  }
  // Analytics shares the port of its original with others; alone it is its own.
  if (rooms.has('analytics'))
    return { room: 'analytics', url: `${baseUrl(gateway.bindAddress, gateway.directRealtimePort)}/health` };
  if (rooms.has('vector'))
    return { room: 'vector', url: `${baseUrl(gateway.bindAddress, gateway.directVectorPort)}/health` };
  const { host = gateway.bindAddress, port, socket } = imgproxyAddress(gateway);
  if (!rooms.has('imgproxy') || socket) return undefined;
  return { room: 'imgproxy', url: `${baseUrl(host, port)}${imgproxy.pathPrefix}/health` };
}

function baseUrl(host: string, port: number): string {
  const asked = host.includes('*') || /^[!]/.test(host) || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${asked.includes(':') ? `[${asked}]` : asked}:${port}`;
}

/** `health`: exit code 0 or 1, for container probes. */
export const healthCommand: Command = {
  name: 'health',
  summary: 'exit 0 when the stack (or one room) is healthy, else 1',
  help: `usage: pmoves-supabase health [room] [--json]

Asks the running stack. Without a room: 0 once every required room serves. With a room: 0 when that one is healthy. Where rest runs
alone with PGRST_ADMIN_SERVER_PORT, its /ready is asked; where imgproxy, analytics or vector runs alone, its /health.`,

  async run(context) {
    const settings = loadSettings(context.input);
    const ready = readyAddress(settings);
    if (ready !== undefined) {
      const { room, url } = ready;
      const status = (await sendRequest(url, 5_000))?.status;
      const healthy = status === 200;
      print(context, { healthy, url }, () =>
        healthy ? `${room}: healthy` : `${room}: ${status ?? 'no answer'} at ${url}`,
      );
      return healthy ? 0 : 1;
    }
    const url = readRunFile(settings)?.url ?? `http://127.0.0.1:${settings.gateway.httpPort}`;
    const health = await fetchHealth(url);
    const [room] = context.args;
    const state = room === undefined ? health?.status : health?.services[room]?.status;
    const healthy = state === 'ok' || state === 'healthy';
    print(context, { healthy, url, ...(room && { room }), ...(health && { services: health.services }) }, () =>
      health === undefined
        ? `nothing answers at ${url}; start it with npm start`
        : `${room ?? 'stack'}: ${state ?? `there is no room ${room}`}`,
    );
    return healthy ? 0 : 1;
  },
};
