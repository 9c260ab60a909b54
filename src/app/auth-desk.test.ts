import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthDesk } from './auth-desk.ts';
import { loadSettings } from './load-settings.ts';
import { shownSettings } from './shown-setting.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'desk-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function desk(env: Readonly<Record<string, string>> = {}, apply: () => Promise<void> = async () => {}) {
  const settings = loadSettings({ env: { SITE_URL: 'https://env.example.com', ...env }, cwd, envFiles: [] });
  return createAuthDesk(settings, { apply, now: apply, start() {}, stop() {} });
}
const setTo = (values: Readonly<Record<string, string>>) => () => new Map(Object.entries(values));
const shown = (from: ReturnType<typeof desk>, name: string) => from.read().find((each) => each.name === name);

describe('changing settings of auth from the dashboard', () => {
  it('writes a private file, which is stronger than the environment, and counts after the next start as well', async () => {
    const first = desk();
    expect(shown(first, 'SITE_URL')).toMatchObject({
      text: 'https://env.example.com',
      origin: 'environment SITE_URL',
      changedHere: false,
    });
    await first.update(setTo({ SITE_URL: 'https://here.example.com', STACK_AUTH_TEMPLATE_INVITE: 'a "b"\n$c \\' }));
    const file = join(cwd, 'volumes/auth/dashboard.env');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(shown(first, 'SITE_URL')).toMatchObject({ text: 'https://here.example.com', changedHere: true });
    expect(loadSettings({ env: {}, cwd, envFiles: [] }).auth).toMatchObject({
      siteUrl: 'https://here.example.com',
      body_invite: 'a "b"\n$c \\',
    });
  });

  it('tells no secret', async () => {
    const first = desk({ SMTP_PASS: 'hunter2' });
    expect(shown(first, 'SMTP_PASS')).toMatchObject({ secret: true, isSet: true });
    expect(JSON.stringify(first.read())).not.toContain('hunter2');
  });

  it('refuses what cannot be used in words without paths, and changes nothing', async () => {
    const first = desk();
    await first.update(setTo({ SMTP_PORT: '2525' }));
    await expect(first.update(setTo({ SMTP_PORT: '0' }))).rejects.toThrow(/^SMTP_PORT must be between 1 and 65535$/);
    expect(shown(first, 'SMTP_PORT')).toMatchObject({ text: '2525' });
  });

  it('puts the file back when the room does not start with it', async () => {
    let works = true;
    const first = desk({}, async () => {
      if (!works) throw new Error('GOTRUE_MAILER_SUBJECTS_INVITE: no template');
    });
    await first.update(setTo({ SMTP_PORT: '2525' }));
    const file = join(cwd, 'volumes/auth/dashboard.env');
    const before = readFileSync(file, 'utf8');
    works = false;
    await expect(first.update(setTo({ GOTRUE_MAILER_SUBJECTS_INVITE: '{{' }))).rejects.toThrow('no template');
    expect(readFileSync(file, 'utf8')).toBe(before);
    rmSync(file);
    await expect(first.update(setTo({ GOTRUE_MAILER_SUBJECTS_INVITE: '{{' }))).rejects.toThrow('no template');
    expect(existsSync(file)).toBe(false);
  });

  it('says where a value stands that is stronger', async () => {
    mkdirSync(join(cwd, 'conf'));
    writeFileSync(join(cwd, 'conf/a.env'), 'SITE_URL=https://a.example.com\n');
    writeFileSync(join(cwd, 'conf/z.env'), 'SMTP_PORT=99\n');
    const first = desk({ STACK_AUTH_CONFIG_DIR: 'conf' });
    await first.update(setTo({ SITE_URL: 'https://here.example.com' }));
    expect(shown(first, 'SITE_URL')?.text).toBe('https://here.example.com');
    await expect(first.update(setTo({ SMTP_PORT: '25' }))).rejects.toThrow(/z\.env:1 SMTP_PORT, which is stronger/);
  });

  it('makes one change at a time, each on top of the one before', async () => {
    const first = desk();
    await Promise.all([
      first.update((present) => new Map([...present, ['SMTP_PORT', '2525']])),
      first.update((present) => new Map([...present, ['SMTP_USER', 'ann']])),
    ]);
    expect([shown(first, 'SMTP_PORT')?.text, shown(first, 'SMTP_USER')?.text]).toEqual(['2525', 'ann']);
  });
});

it('shows the settings of every room, no secret among them, and those of auth as they are now', async () => {
  const env = {
    JWT_SECRET: 'a secret that nobody is ever told',
    SMTP_PASS: 'hunter2',
    SITE_URL: 'https://env.example.com',
  };
  const settings = loadSettings({ env, cwd, envFiles: [] });
  await desk().update(setTo({ SITE_URL: 'https://here.example.com' }));
  const all = shownSettings(settings);
  expect(new Set(all.map(({ room }) => room))).toContain('storage');
  expect(all.find(({ room, name }) => room === 'auth' && name === 'SITE_URL')?.text).toBe('https://here.example.com');
  expect(JSON.stringify(all)).not.toMatch(/hunter2|nobody is ever told/);
});
