import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveSettings } from '#kernel/config';
import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import type { JournalEntry } from '../core/events/journal.ts';
import { functionsRoom } from '../create.ts';
import { functionsSettings } from '../settings.ts';

/** A functions room of its own behind a listener. */
export interface FunctionsUnderTest {
  readonly url: string;
  readonly folder: string;
  readonly journal: readonly JournalEntry[];
  /** Writes files below the folder of the functions. */
  write(files: Readonly<Record<string, string>>): void;
  health(): Promise<{ readonly workers: number }>;
  stop(): Promise<void>;
}

/** The secret its tokens are signed with. */
export const testSecret = 'a-secret-of-at-least-thirty-two-characters';

/** Key that may manage it. */
export const testServiceKey = 'service-key-of-the-test';

/** Starts one. @param env settings by name @param database for triggers */
export async function startFunctions(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  database?: () => ConnectionOptions,
): Promise<FunctionsUnderTest> {
  const root = mkdtempSync(join(tmpdir(), 'functions-'));
  const folder = join(root, 'functions');
  const write = (given: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(given)) {
      const at = join(folder, path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, text);
    }
  };
  write(files);
  const { values, problems } = resolveSettings(functionsSettings, {
    env: { JWT_SECRET: testSecret, VAULT_ENC_KEY: 'k'.repeat(32), FUNCTIONS_EXIT_TIMEOUT: '30s', ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  let url = '';
  const room = functionsRoom.create({
    settings: values,
    log: createLogger({ level: 'silent', redact: createRedactor([]) }),
    cwd: root,
    defaultFolder: folder,
    defaultCacheFolder: join(tmpdir(), `functions-test-cache-${process.getuid?.()}`),
    secretsFile: join(root, 'secrets.json'),
    variable: () => undefined,
    database,
    stack: () => ({
      url,
      publicUrl: 'https://project.example',
      databaseUrl: 'postgresql://postgres@localhost/postgres',
      anonKey: 'anon',
      serviceRoleKey: testServiceKey,
      publishableKey: undefined,
      secretKey: undefined,
    }),
  });
  const journal: JournalEntry[] = [];
  room.api.subscribe((entry) => journal.push(entry));
  const [invoke, management] = room.mounts;
  const server: Server = createServer((request, response) => {
    const mount = request.url?.startsWith('/v1/projects/') ? management : invoke;
    mount?.handle(request, response);
  });
  server.on('upgrade', (request, socket, head) => invoke?.upgrade?.(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await room.start(new AbortController().signal);
  return {
    url,
    folder,
    journal,
    write,
    async health() {
      const { detail } = await room.health();
      return detail as { workers: number };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
