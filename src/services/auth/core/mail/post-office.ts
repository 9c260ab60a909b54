import type { Clock } from '#kernel/lifecycle';
import { authError } from '../../errors.ts';
import { type AuthSettings, type MailKind, mailKinds } from '../../settings.ts';
import { parseGoDuration } from '../duration.ts';
import { compileHtml, compileText, type Template } from '../template/render.ts';
import { createRateLimiter, type RateLimiter } from '../token-bucket.ts';
import { defaultTemplates } from './default-templates.ts';

/** A mail before its template is filled in. */
export interface Letter {
  readonly kind: MailKind;
  readonly to: string;
  /** What templates can name, e.g. `ConfirmationURL`. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A mail ready to go. */
export interface Mail {
  readonly kind: MailKind;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** Takes mails away: a mail server, or the built-in inbox. */
export interface MailTransport {
  readonly delivery: 'smtp' | 'inbox';
  /** @throws whatever keeps the mail from going */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** Writes and sends the room's mails. */
export interface PostOffice {
  readonly delivery: 'smtp' | 'inbox';
  /** Counts mails about to be sent against the limit for all. @throws over_email_send_rate_limit */
  reserve(count: number): void;
  /** @throws whatever keeps the mail from going */
  send(letter: Letter): Promise<void>;
}

/**
 * @throws Error naming the setting whose template cannot be read
 */
export function createPostOffice(settings: AuthSettings, transport: MailTransport, clock: Clock): PostOffice {
  const templates = new Map<MailKind, { subject: Template; body: Template }>();
  for (const kind of mailKinds) {
    const { subject, body } = defaultTemplates[kind];
    templates.set(kind, {
      subject: compileSubject(kind, settings[`subject_${kind}`] ?? subject),
      body: compileHtml(body),
    });
  }
  const quota = readQuota(settings, transport.delivery);
  return {
    delivery: transport.delivery,
    reserve(count) {
      if (!quota) return;
      if (quota.amount > 0 && settings.autoconfirm) return;
      for (let taken = 0; taken < count; taken++)
        if (!quota.limiter.take('', clock.now())) throw authError('over_email_send_rate_limit');
    },
    async send(letter) {
      const template = templates.get(letter.kind) as { subject: Template; body: Template };
      await transport.send({
        kind: letter.kind,
        to: letter.to,
        // A line break would end the header and begin another one.
        subject: template.subject.render(letter.variables).replace(/[\r\n]+/g, ' '),
        html: template.body.render(letter.variables),
        headers: headersFor(settings.smtpHeaders ?? {}, letter.kind),
      });
    },
  };
}

function compileSubject(kind: MailKind, source: string): Template {
  try {
    return compileText(source);
  } catch (error) {
    throw new Error(`GOTRUE_MAILER_SUBJECTS_${kind.toUpperCase()}: ${(error as Error).message}`);
  }
}

// Without a mail server nothing leaves the machine, so only a limit that was asked for counts.
function readQuota(
  settings: AuthSettings,
  delivery: 'smtp' | 'inbox',
): { readonly amount: number; readonly limiter: RateLimiter } | undefined {
  const text = settings.rateLimitEmailSent ?? (delivery === 'smtp' ? '30' : undefined);
  if (text === undefined) return undefined;
  const [count = '', span] = text.split('/', 2);
  const amount = Number(count);
  const period = span === undefined ? 3_600_000 : parseGoDuration(span);
  if (period === undefined || period <= 0) throw new Error(`GOTRUE_RATE_LIMIT_EMAIL_SENT: ${text} is no rate`);
  return { amount, limiter: createRateLimiter(amount, period, amount, 1) };
}

function headersFor(
  headers: Readonly<Record<string, readonly string[]>>,
  kind: MailKind,
): Readonly<Record<string, readonly string[]>> {
  const type = kind === 'reauthentication' ? 'reauthenticate' : kind;
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [
      name,
      values.map((value) => value.replaceAll('$messageType', type)),
    ]),
  );
}
