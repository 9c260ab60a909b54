import { lookup } from 'node:dns/promises';
import type { Clock } from '#kernel/lifecycle';
import type { Inbox } from '../core/mail/inbox.ts';
import type { MailTransport } from '../core/mail/mail.ts';
import type { AuthSettings } from '../settings.ts';

/** Name of the mail catcher in the compose file's development overlay; it stands in every sample `.env`. */
const sampleHost = 'supabase-mail';

/** Chooses where mails go: to the configured server, or into the inbox when there is none. */
export async function openMailTransport(
  settings: AuthSettings,
  inbox: Pick<Inbox, 'add'>,
  clock: Clock,
): Promise<MailTransport> {
  const { smtpHost } = settings;
  if (smtpHost === undefined || (smtpHost === sampleHost && !(await resolves(smtpHost))))
    return inboxTransport(settings, inbox, clock);
  return smtpTransport(settings, smtpHost);
}

const resolves = (host: string): Promise<boolean> =>
  lookup(host).then(
    () => true,
    () => false,
  );

function inboxTransport(settings: AuthSettings, inbox: Pick<Inbox, 'add'>, clock: Clock): MailTransport {
  return {
    delivery: 'inbox',
    async send({ kind, to, subject, html }) {
      inbox.add({ at: new Date(clock.now()).toISOString(), kind, from: settings.smtpAdminEmail, to, subject, html });
    },
    close() {},
  };
}

async function smtpTransport(settings: AuthSettings, host: string): Promise<MailTransport> {
  const { createTransport } = await import('nodemailer');
  const { smtpPort, smtpUser, smtpPass, smtpTimeout, smtpAdminEmail, smtpSenderName } = settings;
  const transport = createTransport({
    host,
    port: smtpPort,
    secure: smtpPort === 465,
    pool: true,
    maxConnections: 5,
    connectionTimeout: smtpTimeout,
    greetingTimeout: smtpTimeout,
    socketTimeout: smtpTimeout,
    ...(smtpUser && { auth: { user: smtpUser, pass: smtpPass ?? '' } }),
  });
  return {
    delivery: 'smtp',
    async send({ to, subject, html, headers }) {
      await transport.sendMail({
        from: { name: smtpSenderName ?? '', address: smtpAdminEmail },
        // As an object, so that no character of the address is taken for a list or a comment.
        to: { name: '', address: to },
        subject,
        html,
        headers: Object.entries(headers).flatMap(([key, values]) => values.map((value) => ({ key, value }))),
      });
    },
    close: () => transport.close(),
  };
}
