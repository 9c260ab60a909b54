import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import { type LoadedSettings, loadSettings } from '../load-settings.ts';
import { createSettingsReload } from './settings-reload.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'auth-reload-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const secret = (name: string) => `${name}-secret-of-at-least-thirty-two-characters`;
const write = (text: string) => writeFileSync(join(cwd, '10.env'), text);
const load = (more: Record<string, string> = {}): LoadedSettings =>
  loadSettings({ env: { JWT_SECRET: secret('shared'), STACK_AUTH_CONFIG_DIR: cwd, ...more }, cwd, envFiles: [] });

function reloading(settings: LoadedSettings, fails = (_password: string | undefined) => false) {
  const redact = createRedactor([]);
  const placed: (string | undefined)[] = [];
  const reload = createSettingsReload({
    settings,
    places: {
      has: () => true,
      async replace(_name, { auth }) {
        if (fails(auth.smtpPass)) throw new Error('did not start');
        placed.push(auth.smtpPass);
      },
    },
    watches: false,
    hide: redact.hide,
    passOn: async () => {},
    log: createLogger({ level: 'silent', redact }),
  });
  return { reload, redact, placed };
}

it('hides the secrets of the rooms that may still tell them, and no others, however often settings change', async () => {
  const { reload, redact, placed } = reloading(load(), (password) => password === 'password-7');
  for (let index = 0; index < 20; index++) {
    write(`SMTP_PASS=password-${index}`);
    await reload.apply().catch(() => {});
  }
  expect(placed).toHaveLength(19);
  const shown = Array.from({ length: 20 }, (_, index) => `password-${index}`).filter((text) => redact(text) === text);
  // Hidden are those of the room that serves, of three that may still finish something, and of the last that was refused.
  const told = Array.from({ length: 16 }, (_, index) => `password-${index}`).filter((text) => text !== 'password-7');
  expect(shown).toEqual(told);
});

it('goes on hiding what is in force, whatever is changed or refused beside it', async () => {
  const settings = load({ STACK_CONFIG_DIR: cwd, STACK_AUTH_CONFIG_DIR: '' });
  const { reload, redact } = reloading(settings, (password) => password?.startsWith('refused') ?? false);
  for (let rows = 1; rows <= 20; rows++) {
    write(`SMTP_PASS=password in force\nPGRST_DB_MAX_ROWS=${rows}`);
    await reload.apply();
  }
  expect(reload.inForce().rest.maxRows).toBe(20);
  expect(redact('password in force')).toBe('[redacted]');
  for (let index = 0; index < 20; index++) {
    write(`SMTP_PASS=refused-${index}\nPGRST_DB_MAX_ROWS=20`);
    await expect(reload.apply()).rejects.toThrow('did not start');
  }
  expect(redact('password in force')).toBe('[redacted]');
});

it('refuses keys of tokens that the other services would not know, and takes them where auth is alone', async () => {
  const { reload, placed } = reloading(load());
  write(`JWT_SECRET=${secret('other')}\nSMTP_PASS=password`);
  await expect(reload.apply()).rejects.toThrow('JWT_SECRET cannot be given to auth alone');
  write(`JWT_KEYS=[{"kty":"oct","k":"eA","kid":"1","key_ops":["sign"]}]`);
  await expect(reload.apply()).rejects.toThrow('JWT_KEYS cannot be given to auth alone');
  expect(placed).toEqual([]);
  write(`JWT_SECRET=${secret('shared')}\nSMTP_PASS=password`);
  await reload.apply();
  expect(placed).toEqual(['password']);

  write(`JWT_SECRET=${secret('other')}`);
  expect(load().problems).toMatchObject([{ line: 'JWT_SECRET' }]);
  const alone = load({ SERVICES: 'auth' });
  expect(alone.problems).toEqual([]);
  expect(alone.auth.jwtSecret).toBe(secret('other'));
  const single = reloading(alone);
  write(`JWT_SECRET=${secret('third')}`);
  await single.reload.apply();
  expect(single.placed).toHaveLength(1);
});
