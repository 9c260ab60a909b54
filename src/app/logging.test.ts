import { expect, test, vi } from 'vitest';
import { createLogBus, createLogger, createRedactor } from '#kernel/log';
import type { FunctionsApi } from '#services/functions';
import { loadSettings } from './load-settings.ts';
import { createLogging } from './logging.ts';
import { createRoomPlaces } from './reload/room-places.ts';

const redact = createRedactor([]);

function logging(env: Readonly<Record<string, string>>) {
  const settings = loadSettings({ env, cwd: '/nonexistent', envFiles: [] });
  const log = createLogger({ level: 'silent', redact });
  const logs = settings.stack.logsEnabled ? createLogBus(redact) : undefined;
  const places = createRoomPlaces(settings, log);
  const database = () => {
    throw new Error('no database is asked for');
  };
  return createLogging({ settings, share: { kind: 'whole' }, log, logs, places }, settings.rooms, database);
}

const mount = { name: 'auth', handle: () => {} };
const functionsThat = (subscribe: () => void) => ({ subscribe }) as unknown as FunctionsApi;

test('without logs nothing stands between rooms and nobody', () => {
  const { analytics, vector, observe, onMessage, observed, follow } = logging({ LOGS_ENABLED: 'false' });
  expect({ analytics, vector, observe, onMessage }).toEqual({});
  expect(observed(mount)).toBe(mount);
  const subscribe = vi.fn();
  follow(functionsThat(subscribe));
  expect(subscribe).not.toHaveBeenCalled();
});

test('with them both rooms are there, and requests, messages and functions are followed', () => {
  const { analytics, vector, observe, onMessage, observed, follow } = logging({});
  for (const each of [analytics, vector, observe, onMessage]) expect(each).toBeDefined();
  expect(observed(mount)).not.toBe(mount);
  const subscribe = vi.fn();
  follow(functionsThat(subscribe));
  expect(subscribe).toHaveBeenCalledOnce();
});
