import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import { type Clock, type Room, systemClock } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { createBackground } from '../core/background/background.ts';
import { dbSettings } from '../settings.ts';

/** The work behind the extensions, on a database of a test's own; requests may go to this machine. */
export async function startBackground(
  connection: () => ConnectionOptions,
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
  natsServers: readonly string[] = [],
): Promise<Room<undefined>> {
  const { values, problems } = resolveSettings(dbSettings, { env, files: [], alone: false });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const background = createBackground({
    settings: values,
    log: createLogger({ level: 'silent', redact: createRedactor([]) }),
    connection,
    session: (user, database) => ({ ...connection(), user, database }),
    clock,
    egress: () => createEgress({ allowed: ['127.0.0.1'] }),
    natsServers,
    serviceKey: 'service-key',
  });
  await background.start(new AbortController().signal);
  return background;
}
