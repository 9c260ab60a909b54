import { loadSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';
import { type Command, print } from './command.ts';
import { fetchHealth } from './remote-health.ts';

/** `status`: where a running stack serves and how its rooms are. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'show addresses and the state of every service',
  help: `usage: pmoves-supabase status [--json]

--json prints { url, services, database: { embedded, socketDir, port, name } }. Exit code 1 when nothing runs.`,

  async run(context) {
    const settings = loadSettings(context.input);
    const run = readRunFile(settings);
    if (!run) {
      print(context, { running: false }, () => 'No stack is running on this data.\nNext: npm start');
      return 1;
    }
    const health = await fetchHealth(run.url);
    const services = health?.services ?? {};
    const { url, database, pid } = run;
    print(context, { running: true, pid, url, status: health?.status ?? 'unreachable', services, database }, () => {
      const width = Math.max(8, ...Object.keys(services).map((name) => name.length));
      return [
        `API       ${url}`,
        `Database  ${database.name} on port ${database.port}${database.socketDir ? `, socket in ${database.socketDir}` : ''}`,
        `Process   ${pid}`,
        '',
        ...Object.entries(services).map(
          ([name, { status, detail }]) =>
            `  ${name.padEnd(width)}  ${status}${detail?.reason ? `: ${detail.reason}` : ''}`,
        ),
      ].join('\n');
    });
    return 0;
  },
};
