import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartupError } from '#kernel/errors';
import { loadSettings } from './load-settings.ts';
import { createSettingsDesk } from './settings-desk.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'desk-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function desk(env: Readonly<Record<string, string>> = {}, apply: () => Promise<void> = async () => {}) {
  const settings = loadSettings({ env: { SITE_URL: 'https://env.example.com', ...env }, cwd, envFiles: [] });
  return createSettingsDesk(settings, { apply, inForce: () => settings });
}
const setTo = (values: Readonly<Record<string, string>>) => () => new Map(Object.entries(values));
const shown = (from: ReturnType<typeof desk>, name: string) => from.read().find((each) => each.name === name);

describe('changing settings from the dashboard', () => {
  it('writes a private file, which is stronger than the environment, and counts after the next start as well', async () => {
    const first = desk();
    expect(shown(first, 'SITE_URL')).toMatchObject({
      text: 'https://env.example.com',
      origin: 'environment SITE_URL',
      changedHere: false,
    });
    await first.update(setTo({ SITE_URL: 'https://here.example.com', STACK_AUTH_TEMPLATE_INVITE: 'a "b"\n$c \\' }));
    const file = join(cwd, 'volumes/settings/dashboard.env');
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
    const file = join(cwd, 'volumes/settings/dashboard.env');
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

it('tells of every room, no secret among it, what counts when, and what waits for a restart', async () => {
  const first = desk({ JWT_SECRET: 'a secret that nobody is ever told', SMTP_PASS: 'hunter2' });
  await first.update(setTo({ STORAGE_DB_POOL: '7', KONG_HTTP_PORT: '8123' }));
  const of = (room: string, name: string) => first.read().find((each) => each.room === room && each.name === name);
  expect(of('storage', 'STORAGE_DB_POOL')).toMatchObject({ text: '7', counts: 'room', changedHere: true });
  expect(of('gateway', 'KONG_HTTP_PORT')).toMatchObject({ text: '8123', counts: 'restart', waits: true });
  expect(of('auth', 'GOTRUE_RELOADING_POLLER_INTERVAL')).toMatchObject({ counts: 'restart', waits: false });
  expect(of('auth', 'JWT_SECRET')).toMatchObject({ counts: 'file', secret: true });
  expect(JSON.stringify(first.read())).not.toMatch(/hunter2|nobody is ever told/);
  await expect(first.update(setTo({ JWT_SECRET: 'x'.repeat(40) }))).rejects.toThrow('JWT_SECRET belongs in .env');
});

it('names the setting that is wrong, also where a room says so at its start', async () => {
  const refused = { problems: [{ name: 'SMTP_PORT', message: 'must be between 1 and 65535' }] };
  await expect(desk().update(setTo({ SMTP_PORT: '0' }))).rejects.toMatchObject(refused);
  const broken = desk({}, async () => {
    throw new StartupError('the captcha has no secret', 'GOTRUE_SECURITY_CAPTCHA_SECRET');
  });
  const name = 'GOTRUE_SECURITY_CAPTCHA_SECRET';
  await expect(broken.update(setTo({ [name]: 'x' }))).rejects.toMatchObject({
    problems: [{ name, message: 'the captcha has no secret' }],
  });
});
