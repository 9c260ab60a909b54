import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import { createLogger, createRedactor } from '#kernel/log';
import { type AuthSettings, authSettings } from '../../settings.ts';
import { writeMail } from './post-office.ts';
import { createTemplateShelf } from './template-shelf.ts';

let server: Server;
let other: Server;
let base = '';
let otherBase = '';
let requests: string[] = [];
let answer: { status: number; body: string; location?: string } = { status: 200, body: '' };

const listen = (handler: (path: string) => typeof answer): Promise<Server> =>
  new Promise((resolve) => {
    const made = createServer((request, response) => {
      const { status, body, location } = handler(request.url ?? '');
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    made.listen(0, '127.0.0.1', () => resolve(made));
  });
const urlOf = (made: Server): string => `http://127.0.0.1:${(made.address() as AddressInfo).port}`;

beforeAll(async () => {
  server = await listen((path) => {
    requests.push(path);
    return answer;
  });
  other = await listen((path) => {
    requests.push(`other ${path}`);
    return { status: 200, body: 'stolen' };
  });
  [base, otherBase] = [urlOf(server), urlOf(other)];
});
afterAll(() => {
  server.close();
  other.close();
});
beforeEach(() => {
  requests = [];
});

function shelf(env: Readonly<Record<string, string>>) {
  const settings = resolveSettings(authSettings, { env: { SITE_URL: base, ...env }, files: [], alone: false })
    .values as AuthSettings;
  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    redact: createRedactor([]),
    destination: { write: (line: string) => void lines.push(line) },
  });
  let now = 1_000_000;
  const templates = createTemplateShelf(settings, createEgress({ allowed: [] }), { now: () => now }, log);
  const write = async (variables: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    (await writeMail(settings, templates, { kind: 'recovery', to: 'ann@example.com', variables }, log)).html;
  return {
    write,
    lines,
    templates,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('templates from an address', () => {
  it('are fetched when first used, kept for ten minutes, then fetched again', async () => {
    const { write, pass } = shelf({ GOTRUE_MAILER_TEMPLATES_RECOVERY: '/mails/recovery.html' });
    answer = { status: 200, body: '<a href="{{ .ConfirmationURL }}">{{ .Data.name }}</a>' };
    expect(requests).toEqual([]);
    expect(await write({ ConfirmationURL: 'https://x/?a=1&b=2', Data: { name: '<b>' } })).toBe(
      '<a href="https://x/?a=1&amp;b=2">&lt;b&gt;</a>',
    );
    await write();
    pass(599_000);
    await write();
    expect(requests).toEqual(['/mails/recovery.html']);
    answer = { status: 200, body: 'second' };
    pass(1_000);
    expect(await write()).toBe('second');
    expect(requests).toHaveLength(2);
  });

  it('that cannot be fetched give way to what there was, else to the built-in ones; tries have a pause', async () => {
    const { write, pass, lines } = shelf({ GOTRUE_MAILER_TEMPLATES_RECOVERY: `${base}/r` });
    answer = { status: 500, body: 'no' };
    expect(await write({ Token: '123456' })).toContain('Alternatively, enter the code: 123456');
    await write();
    expect(requests).toHaveLength(1);
    expect(lines.join('')).toContain('could not be fetched');
    pass(10_000);
    answer = { status: 200, body: 'mine' };
    expect(await write()).toBe('mine');
    pass(600_000);
    answer = { status: 200, body: '{{ if }}' };
    expect(await write()).toBe('mine');
  });

  it.each([
    ['too large', { status: 200, body: 'x'.repeat(2_000) }],
    ['no template', { status: 200, body: '{{ .Data' }],
    ['one that fails', { status: 200, body: '{{ lt .Token 3 }}' }],
    ['not there', { status: 404, body: '' }],
  ])('that are %s give way to the built-in ones', async (_name, given) => {
    const { write } = shelf({
      GOTRUE_MAILER_TEMPLATES_RECOVERY: `${base}/r`,
      GOTRUE_MAILER_TEMPLATE_MAX_SIZE: '1000',
    });
    answer = given;
    expect(await write({ Token: '123456' })).toContain('Alternatively, enter the code: 123456');
  });

  it('are asked for once, however many mails wait for one', async () => {
    const { write } = shelf({ GOTRUE_MAILER_TEMPLATES_RECOVERY: `${base}/r` });
    answer = { status: 200, body: 'mine' };
    expect(await Promise.all([write(), write(), write()])).toEqual(['mine', 'mine', 'mine']);
    expect(requests).toHaveLength(1);
  });

  it('follow a redirect on their own server, but none into the own network', async () => {
    for (const location of [`${otherBase}/secret`, 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd']) {
      const { write } = shelf({ GOTRUE_MAILER_TEMPLATES_RECOVERY: `${base}/r` });
      answer = { status: 302, body: '', location };
      expect(await write({ Token: '123456' })).toContain('enter the code');
    }
    expect(requests).toEqual(['/r', '/r', '/r']);
    const { write } = shelf({ GOTRUE_MAILER_TEMPLATES_RECOVERY: `${base}/r` });
    answer = { status: 302, body: '', location: '/elsewhere' };
    await write();
    expect(requests.slice(3)).toEqual(['/r', '/elsewhere']);
  });

  it('never come from where clouds keep credentials, even where a setting says so', async () => {
    const { write, lines } = shelf({ GOTRUE_MAILER_TEMPLATES_RECOVERY: 'http://169.254.169.254/latest' });
    expect(await write({ Token: '1' })).toContain('enter the code');
    expect(lines.join('')).toContain('not a public address');
  });

  it('are renewed before anybody asks where that is wanted', async () => {
    const { write, templates, pass } = shelf({
      GOTRUE_MAILER_TEMPLATES_RECOVERY: `${base}/r`,
      GOTRUE_MAILER_TEMPLATE_RELOADING_ENABLED: 'true',
      GOTRUE_MAILER_TEMPLATE_MAX_AGE: '100ms',
      GOTRUE_MAILER_TEMPLATE_RETRY_INTERVAL: '1ms',
    });
    answer = { status: 200, body: 'first' };
    await write();
    templates.start();
    answer = { status: 200, body: 'second' };
    pass(50);
    await expect.poll(() => requests.length).toBeGreaterThan(1);
    templates.stop();
    await expect.poll(write).toBe('second');
  });

  it('of a setting that is no address, and subjects that are no template, are named', () => {
    expect(() => shelf({ GOTRUE_MAILER_TEMPLATES_INVITE: 'http://[' })).toThrow('GOTRUE_MAILER_TEMPLATES_INVITE');
    expect(() => shelf({ GOTRUE_MAILER_SUBJECTS_INVITE: '{{' })).toThrow('GOTRUE_MAILER_SUBJECTS_INVITE');
  });
});

describe('a template that stands in the settings', () => {
  it('is filled in, and no address is asked', async () => {
    const { write } = shelf({
      STACK_AUTH_TEMPLATE_RECOVERY: '<p>{{ .Token }} & more</p>',
      GOTRUE_MAILER_TEMPLATES_RECOVERY: '/mail.html',
    });
    expect(await write({ Token: '<1>' })).toBe('<p>&lt;1&gt; & more</p>');
    expect(requests).toEqual([]);
  });

  it('gives way to the built-in one when it cannot be filled in', async () => {
    const { write } = shelf({ STACK_AUTH_TEMPLATE_RECOVERY: '{{ nosuchfunction 5 }}' });
    expect(await write({ ConfirmationURL: 'http://a/b' })).toContain('Reset password');
  });

  it('is named when it is none', () => {
    expect(() => shelf({ STACK_AUTH_TEMPLATE_RECOVERY: '{{ if }}' })).toThrow(/^STACK_AUTH_TEMPLATE_RECOVERY: /);
  });
});
