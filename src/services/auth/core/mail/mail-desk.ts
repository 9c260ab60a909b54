import { invalid } from '../../errors.ts';
import { type AuthSettings, type MailKind, mailKinds } from '../../settings.ts';
import { compileHtml, compileText } from '../template/render.ts';
import { defaultTemplates } from './default-templates.ts';
import type { MailTransport } from './mail.ts';

/** Subject and body of a mail before they are filled in. */
export interface MailDraft {
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
}

/** What those who write templates work with. */
export interface MailDesk {
  /** What mails say unless settings say otherwise, with the variables each kind has. */
  readonly standard: readonly (MailDraft & { readonly variables: readonly string[] })[];
  /** Fills a draft in for somebody who does not exist. @throws ServiceError saying what is wrong with it */
  preview(draft: MailDraft): { readonly subject: string; readonly html: string };
  /** Sends a draft so filled in, at once. @throws ServiceError saying what is wrong with it, Error of the mail server */
  send(draft: MailDraft, to: string): Promise<void>;
}

const usual = ['SiteURL', 'ConfirmationURL', 'Email', 'Token', 'TokenHash', 'RedirectTo', 'Data'];
const variablesOf: Readonly<Record<MailKind, readonly string[]>> = {
  invite: usual,
  confirmation: usual,
  recovery: usual,
  magic_link: usual,
  email_change: [...usual, 'NewEmail', 'SendingTo'],
  reauthentication: ['SiteURL', 'Email', 'Token', 'Data'],
  password_changed_notification: ['Email', 'Data'],
  email_changed_notification: ['Email', 'OldEmail', 'Data'],
  phone_changed_notification: ['Email', 'Phone', 'OldPhone', 'Data'],
  identity_linked_notification: ['Email', 'Provider', 'Data'],
  identity_unlinked_notification: ['Email', 'Provider', 'Data'],
  mfa_factor_enrolled_notification: ['Email', 'FactorType', 'Data'],
  mfa_factor_unenrolled_notification: ['Email', 'FactorType', 'Data'],
};

/** Creates it for the settings and the transport of a room. */
export function createMailDesk(settings: AuthSettings, transport: MailTransport): MailDesk {
  const sample = {
    SiteURL: settings.siteUrl,
    ConfirmationURL: `${settings.siteUrl}/#a-link-would-stand-here`,
    Email: 'ann@example.com',
    NewEmail: 'ann.new@example.com',
    OldEmail: 'ann@example.com',
    SendingTo: 'ann@example.com',
    Token: '123456'.padEnd(settings.otpLength, '7').slice(0, settings.otpLength),
    TokenHash: 'pkce_0123456789abcdef',
    RedirectTo: settings.siteUrl,
    Data: { full_name: 'Ann Example' },
    Phone: '491700000001',
    OldPhone: '491700000002',
    Provider: 'github',
    FactorType: 'totp',
  };

  function fill({ kind, subject, body }: MailDraft): { kind: MailKind; subject: string; html: string } {
    const known = mailKinds.find((each) => each === kind);
    if (!known) throw invalid(`There are no mails of kind ${kind}`);
    const values = Object.fromEntries(Object.entries(sample).filter(([name]) => variablesOf[known].includes(name)));
    return {
      kind: known,
      subject: rendered('subject', () => compileText(subject).render(values)).replace(/[\r\n]+/g, ' '),
      html: rendered('body', () => compileHtml(body).render(values)),
    };
  }

  return {
    standard: mailKinds.map((kind) => ({ kind, ...defaultTemplates[kind], variables: variablesOf[kind] })),
    preview(draft) {
      const { subject, html } = fill(draft);
      return { subject, html };
    },
    send: async (draft, to) => transport.send({ ...fill(draft), to, headers: {} }),
  };
}

function rendered(part: string, render: () => string): string {
  try {
    return render();
  } catch (error) {
    throw invalid(`The ${part} is no template: ${(error as Error).message}`);
  }
}
