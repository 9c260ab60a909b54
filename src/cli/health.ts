import { loadSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';
import { type Command, print } from './command.ts';
import { fetchHealth } from './remote-health.ts';

/** `health`: exit code 0 or 1, for container probes. */
export const healthCommand: Command = {
  name: 'health',
  summary: 'exit 0 when the stack (or one room) is healthy, else 1',
  help: `usage: pmoves-supabase health [room] [--json]

Asks the running stack. Without a room: 0 once every required room serves. With a room: 0 when that one is healthy.`,

  async run(context) {
    const settings = loadSettings(context.input);
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
