import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '#kernel/tls';
import { type ProbeSettings, probeMailServer } from './smtp-probe.ts';

interface Script {
  readonly greeting?: string;
  /** Answers to commands by their first word, in place of the usual ones; empty says nothing. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly extensions?: readonly string[];
  readonly tls?: 'start' | 'later';
}

const pair = selfSignedCertificate();
let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** A mail server that follows a script. @returns its port */
function serve(script: Script): Promise<number> {
  const talk = (socket: Socket): void => {
    let data = false;
    let rest = '';
    const say = (line: string): void => {
      if (line !== '') socket.write(`${line}\r\n`);
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (data && line !== '.') continue;
        const word = data ? '.' : (line.split(' ')[0] ?? '').toUpperCase();
        data = false;
        const own = script.answers?.[word];
        if (own !== undefined) {
          say(own);
          if (word === 'DATA') data = own.startsWith('3');
        } else if (word === 'EHLO') {
          const offers = [...(script.extensions ?? []), ...(script.tls === 'later' ? ['STARTTLS'] : [])];
          say(['250-test', ...offers.map((offer) => `250-${offer}`), '250 SIZE 1000000'].join('\r\n'));
        } else if (word === 'DATA') {
          data = true;
          say('354 go on');
        } else if (word === 'AUTH') say('235 welcome');
        else if (word === 'STARTTLS') {
          say('220 go on');
          socket.removeAllListeners('data');
          const secure = new TLSSocket(socket, { isServer: true, key: pair.key, cert: pair.certificate });
          secure.on('error', () => socket.destroy());
        } else if (word === 'QUIT') socket.end('221 bye\r\n');
        else say('250 OK');
      }
    });
    say(script.greeting ?? '220 test');
  };
  const made =
    script.tls === 'start' ? createTlsServer({ key: pair.key, cert: pair.certificate }, talk) : createServer(talk);
  made.on('tlsClientError', () => {});
  server = made;
  return new Promise((resolve) =>
    made.listen(0, '127.0.0.1', () => {
      const address = made.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    }),
  );
}

const probe = (settings: Partial<ProbeSettings>) =>
  probeMailServer(
    {
      smtpHost: '127.0.0.1',
      smtpPort: 587,
      smtpUser: undefined,
      smtpPass: undefined,
      smtpAdminEmail: 'no-reply@example.com',
      smtpSenderName: 'Team',
      smtpTimeout: 700,
      ...settings,
    },
    'you@example.org',
  );

const steps = ['dns', 'connect', 'tls', 'auth', 'sender', 'recipient', 'message'];

describe('the mail probe', () => {
  it('goes through all steps of settings that work', async () => {
    const results = await probe({
      smtpPort: await serve({ extensions: ['AUTH PLAIN'] }),
      smtpUser: 'me',
      smtpPass: 'x',
    });
    expect(results.map(({ step, ok }) => [step, ok])).toEqual(steps.map((step) => [step, true]));
    expect(results[2]?.detail).toContain('no encryption');
    expect(results[3]?.detail).toBe('signed in as me');
  });

  it.each<[string, string, Partial<ProbeSettings>, RegExp]>([
    ['no host', 'dns', { smtpHost: undefined }, /SMTP_HOST/],
    ['a host without an address', 'dns', { smtpHost: 'nowhere.invalid' }, /has no address/],
    ['a port nothing listens on', 'connect', { smtpPort: 1 }, /nothing listens on port 1/],
  ])('names the step that fails: %s', async (_name, step, settings, detail) => {
    const results = await probe(settings);
    expect(results.at(-1)).toMatchObject({ step, ok: false, detail: expect.stringMatching(detail) });
    expect(results.filter(({ ok }) => !ok)).toHaveLength(1);
  });

  it.each<[string, Script, string, RegExp, Partial<ProbeSettings>?]>([
    ['a server that says nothing', { greeting: '' }, 'connect', /says nothing.*465/],
    ['one that turns us away', { greeting: '554 go away' }, 'connect', /554 go away/],
    ['a web server', { greeting: 'HTTP/1.1 400 Bad Request' }, 'connect', /no mail server/],
    ['TLS from the start, asked for later', { tls: 'start' }, 'connect', /465/],
    ['a certificate of its own making', { tls: 'later' }, 'tls', /certificate is not trusted/],
    [
      'STARTTLS that is offered and refused',
      { tls: 'later', answers: { STARTTLS: '454 not now' } },
      'tls',
      /454 not now/,
    ],
    [
      'a wrong password',
      { extensions: ['AUTH PLAIN LOGIN'], answers: { AUTH: '535 5.7.8 no such credentials' } },
      'auth',
      /535 5\.7\.8.*SMTP_PASS/,
      { smtpUser: 'me', smtpPass: 'wrong' },
    ],
    ['a server that wants a sign-in', { answers: { MAIL: '530 sign in first' } }, 'sender', /530.*SMTP_USER/],
    ['a sender that is not ours', { answers: { MAIL: '553 not yours' } }, 'sender', /553.*SMTP_ADMIN_EMAIL/],
    ['no such recipient', { answers: { RCPT: '550 unknown' } }, 'recipient', /550 unknown.*may not exist/],
    ['a recipient for later', { answers: { RCPT: '450 greylisted' } }, 'recipient', /450 greylisted.*later/],
    ['no relaying', { answers: { RCPT: '554 relay access denied' } }, 'recipient', /relay access denied/],
    ['data refused', { answers: { DATA: '451 no room' } }, 'message', /451 no room/],
    ['a mail refused', { answers: { '.': '554 looks like spam' } }, 'message', /looks like spam/],
  ])('names the step that fails: %s', async (_name, script, step, detail, settings = {}) => {
    const results = await probe({ smtpPort: await serve(script), ...settings });
    expect(results.at(-1)).toMatchObject({ step, ok: false, detail: expect.stringMatching(detail) });
    expect(results.map((result) => result.step)).toEqual(steps.slice(0, steps.indexOf(step) + 1));
    expect(results.slice(0, -1).every(({ ok }) => ok)).toBe(true);
    expect(JSON.stringify(results)).not.toContain('wrong"');
  });
});
