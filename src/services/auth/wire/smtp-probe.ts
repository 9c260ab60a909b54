import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import type SMTPConnection from 'nodemailer/lib/smtp-connection/index.js';
import type { AuthSettings } from '../settings.ts';

/** Steps of handing a mail over, in order. */
export const probeSteps = ['dns', 'connect', 'tls', 'auth', 'sender', 'recipient', 'message'] as const;

/** How a step went. */
export interface ProbeResult {
  readonly step: (typeof probeSteps)[number];
  readonly ok: boolean;
  /** What was found, or what failed and what to change. */
  readonly detail: string;
}

/** What a probe is made with. */
export type ProbeSettings = Pick<
  AuthSettings,
  'smtpHost' | 'smtpPort' | 'smtpUser' | 'smtpPass' | 'smtpAdminEmail' | 'smtpSenderName' | 'smtpTimeout'
>;

interface MailError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/**
 * Sends a test mail step by step, the way the room itself sends mails, and says which step fails.
 *
 * @returns the steps gone through; the last one tells of the failure, if there is one
 */
export async function probeMailServer(settings: ProbeSettings, recipient: string): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  const done = (step: ProbeResult['step'], detail: string) => results.push({ step, ok: true, detail });
  const failed = (step: ProbeResult['step'], detail: string): ProbeResult[] => [
    ...results,
    { step, ok: false, detail },
  ];
  const { smtpHost: host, smtpPort: port, smtpUser, smtpPass, smtpAdminEmail: sender } = settings;
  if (host === undefined) return failed('dns', 'no mail server is set; SMTP_HOST names one');

  let addresses: string[];
  try {
    addresses = (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    return failed('dns', `${host} has no address (${(error as MailError).code}); check SMTP_HOST`);
  }
  done('dns', `${host} is ${addresses.join(', ')}`);

  const unreachable = await tryPort(host, port, settings.smtpTimeout);
  if (unreachable !== undefined) return failed('connect', unreachable);

  const connection = await open(settings, host);
  try {
    try {
      await new Promise<void>((resolve, reject) => {
        connection.once('error', reject);
        connection.connect((error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      const { step, detail } = explainOpening(error as MailError, port);
      if (step === 'tls') done('connect', `port ${port} answers`);
      return failed(step, detail);
    }
    done('connect', `port ${port} answers`);
    done(
      'tls',
      connection.secure ? 'the connection is encrypted' : 'the server offers no encryption; the mail goes in the clear',
    );

    if (smtpUser !== undefined && smtpUser !== '') {
      try {
        await settle((callback) => connection.login({ user: smtpUser, pass: smtpPass ?? '' }, callback));
      } catch (error) {
        return failed('auth', `${answerOf(error)}; check SMTP_USER and SMTP_PASS`);
      }
      done('auth', `signed in as ${smtpUser}`);
    } else done('auth', 'SMTP_USER is not set, so nobody signed in');

    try {
      await settle((callback) =>
        connection.send({ from: sender, to: [recipient] }, testMail(settings, recipient), callback),
      );
    } catch (error) {
      const { step, advice } = refusedStep(error as MailError, settings);
      if (step !== 'sender') done('sender', `${sender} may send`);
      if (step === 'message') done('recipient', `${recipient} is taken`);
      return failed(step, `${answerOf(error)}; ${advice}`);
    }
    done('sender', `${sender} may send`);
    done('recipient', `${recipient} is taken`);
    done('message', 'the mail server has taken the test mail');
    return results;
  } finally {
    connection.close();
  }
}

/** @returns why nothing answers there, or undefined */
function tryPort(host: string, port: number, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () =>
      end(`${host} does not answer on port ${port}; a firewall may drop it, or SMTP_PORT is another (587, 465, 25)`),
    );
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end(
        error.code === 'ECONNREFUSED'
          ? `nothing listens on port ${port} of ${host}; check SMTP_PORT`
          : `${host} port ${port}: ${error.code ?? error.message}`,
      ),
    );
  });
}

async function open(settings: ProbeSettings, host: string): Promise<SMTPConnection> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection/index.js');
  const { smtpPort: port, smtpTimeout: timeout } = settings;
  return new Connection({
    host,
    port,
    secure: port === 465,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
  });
}

const settle = (start: (callback: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));

const aboutCertificates = /^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|ERR_TLS|HOSTNAME_MISMATCH)/;

function explainOpening(error: MailError, port: number): { step: 'connect' | 'tls'; detail: string } {
  const cause = (error as { cause?: MailError }).cause;
  const code = [error.code, cause?.code, (error as { sourceError?: MailError }).sourceError?.code].find(
    (candidate) => candidate !== undefined && aboutCertificates.test(candidate),
  );
  if (code !== undefined || /certificate/i.test(error.message))
    return {
      step: 'tls',
      detail: `the certificate is not trusted (${code ?? error.message}); SMTP_HOST has to be a name it is made for`,
    };
  if (/wrong version number|\bEPROTO\b|packet length too long/i.test(`${error.message} ${error.code}`))
    return { step: 'tls', detail: `port ${port} does not speak TLS from the start; SMTP_PORT 587 begins in the clear` };
  if (error.code === 'ETLS' || error.command === 'STARTTLS')
    return { step: 'tls', detail: `encryption could not be agreed upon: ${answerOf(error)}` };
  if (error.code === 'ETIMEDOUT')
    return {
      step: 'connect',
      detail: `port ${port} accepts connections but says nothing; if it speaks TLS from the start, SMTP_PORT has to be 465`,
    };
  if (/greeting/i.test(error.message))
    return { step: 'connect', detail: `the server turned us away or is no mail server: ${answerOf(error)}` };
  return { step: 'connect', detail: answerOf(error) };
}

function refusedStep(
  error: MailError,
  { smtpUser }: ProbeSettings,
): { step: 'sender' | 'recipient' | 'message'; advice: string } {
  const { command = '', responseCode } = error;
  if (/^RCPT/i.test(command))
    return {
      step: 'recipient',
      advice:
        responseCode !== undefined && responseCode < 500
          ? 'the server may take it later'
          : 'the address may not exist, or this server may not send there',
    };
  if (/^MAIL/i.test(command)) {
    const needsSignIn = responseCode === 530 && !smtpUser;
    return {
      step: 'sender',
      advice: needsSignIn
        ? 'set SMTP_USER and SMTP_PASS'
        : 'SMTP_ADMIN_EMAIL has to be an address this account may send from',
    };
  }
  return { step: 'message', advice: 'the server refused the mail itself' };
}

// One line of what the server said, for the operator's own eyes.
function answerOf(error: unknown): string {
  const { response, message, code } = error as MailError;
  return (response ?? `${message}${code ? ` (${code})` : ''}`).replace(/\s+/g, ' ').slice(0, 300);
}

function testMail({ smtpAdminEmail, smtpSenderName }: ProbeSettings, recipient: string): string {
  const name = (smtpSenderName ?? '').replace(/[^\w .-]/g, '');
  return [
    `From: ${name === '' ? smtpAdminEmail : `"${name}" <${smtpAdminEmail}>`}`,
    `To: ${recipient}`,
    'Subject: Test of the mail settings',
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${Date.now()}.${Math.random().toString(36).slice(2)}@${smtpAdminEmail.split('@')[1] ?? 'localhost'}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'This mail shows that the mail settings work.',
    '',
  ].join('\r\n');
}
