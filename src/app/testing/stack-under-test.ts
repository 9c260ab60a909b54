import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedactor, type LogBus } from '#kernel/log';
import type { LoadedSettings } from '../load-settings.ts';
import { prepare } from '../prepare.ts';
import { createStack, type Stack } from '../stack.ts';

/** A stack that runs in the process of its test, on data of its own. */
export interface RunningStack {
  readonly settings: LoadedSettings;
  readonly stack: Stack;
  readonly url: string;
  readonly anonKey: string;
  readonly serviceKey: string;
}

/** What is other than usual about a stack. */
export interface StackWish {
  /** Hears of each line of its log. */
  readonly onLine?: (line: string) => void;
  readonly logs?: LogBus;
}

/** The stacks of one test file. */
export interface TestStacks {
  run(env?: Readonly<Record<string, string>>, wish?: StackWish): Promise<RunningStack>;
  /** What is closed after a test, the last first. */
  readonly closers: (() => unknown)[];
  closeAll(): Promise<void>;
}

/** Creates the means to start stacks. */
export function createTestStacks(): TestStacks {
  const closers: (() => unknown)[] = [];
  return {
    closers,
    async run(env = {}, { onLine, logs } = {}) {
      const cwd = mkdtempSync(join(tmpdir(), 'stack-'));
      chmodSync(cwd, 0o755);
      closers.push(() => rmSync(cwd, { recursive: true, force: true }));
      const ports = { KONG_HTTP_PORT: String(await freePort()), POSTGRES_PORT: String(await freePort()) };
      const now = Math.floor(Date.now() / 1_000);
      const { settings } = await prepare({ env: { ...ports, ...env }, cwd, envFiles: [] }, now);
      const log = createLogger({
        level: onLine ? 'debug' : 'silent',
        redact: createRedactor([]),
        ...(onLine && { destination: { write: onLine } }),
      });
      const stack = createStack(settings, log, undefined, undefined, logs);
      closers.push(() => stack.stop());
      await stack.start();
      const { anonKey = '', serviceRoleKey = '' } = settings.gateway;
      return { settings, stack, url: stack.info().url, anonKey, serviceKey: serviceRoleKey };
    },
    async closeAll() {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
