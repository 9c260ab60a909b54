import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import { authError } from '../../errors.ts';
import type { AuthSettings, MailKind } from '../../settings.ts';
import type { Sql } from '../../sql/rows.ts';
import { type Rate, readRate } from '../limits/rate.ts';
import type { SharedLimits } from '../limits/shared-limits.ts';
import type { Template } from '../template/render.ts';
import type { Letter, Mail, Postponed } from './mail.ts';
import type { Outbox } from './outbox.ts';
import type { TemplateShelf } from './template-shelf.ts';

/** Writes and sends the room's mails. */
export interface PostOffice {
  readonly delivery: 'smtp' | 'inbox';
  /**
   * Counts mails about to be sent against the limit for all nodes.
   *
   * @param sql the transaction the mails belong to
   * @throws over_email_send_rate_limit
   */
  reserve(sql: Sql, count: number): Promise<void>;
  /** Takes back the count of mails that nobody gets. */
  release(count: number): Promise<void>;
  /** Whether requests can wait: where mails do. */
  readonly postpones: boolean;
  /** Keeps a request in the transaction that admits it. Only where they can wait. @throws over_email_send_rate_limit */
  postpone(sql: Sql, request: Postponed): Promise<void>;
  /**
   * Keeps a letter in the transaction that made it, so that it goes out when that is committed, whatever happens.
   *
   * @returns false where mails are not kept, and the letter has to be sent after the commit
   */
  keep(sql: Sql, letter: Letter): Promise<boolean>;
  /** Sets out with kept letters; called after the commit. */
  setOut(): void;
  /** Sends a letter, or keeps it where mails are kept. @throws whatever keeps the mail from going */
  send(letter: Letter): Promise<void>;
  /** Letters that wait, and why the last try failed; undefined where mails are not kept. */
  state(): Promise<{ readonly waiting: number; readonly failure?: string } | undefined>;
}

/** What a post office is made of. */
export interface PostOfficeParts {
  readonly settings: AuthSettings;
  readonly db: Database;
  readonly delivery: 'smtp' | 'inbox';
  /** Writes a letter and hands it to the mail server. */
  readonly deliver: (letter: Letter) => Promise<void>;
  /** Undefined where mails are sent at once. */
  readonly outbox: Outbox | undefined;
  readonly limits: SharedLimits;
}

/** @throws Error naming the setting that cannot be read */
export function createPostOffice({ settings, db, delivery, deliver, outbox, limits }: PostOfficeParts): PostOffice {
  const asked = readQuota(settings, delivery);
  const quota = asked && (asked.amount === 0 || !settings.autoconfirm) ? asked : undefined;
  return {
    delivery,
    async reserve(sql, count) {
      if (quota && !(await limits.takeWithin(sql, 'email', '', quota, count)))
        throw authError('over_email_send_rate_limit');
    },
    async release(count) {
      if (quota) await limits.giveBack('email', '', quota, count);
    },
    postpones: outbox !== undefined,
    async postpone(sql, request) {
      await outbox?.put(sql, request);
    },
    async keep(sql, letter) {
      await outbox?.put(sql, letter);
      return outbox !== undefined;
    },
    setOut: () => outbox?.wake(),
    async send(letter) {
      if (!outbox) return deliver(letter);
      await outbox.put(db, letter);
      outbox.wake();
    },
    state: async () => outbox?.state(),
  };
}

/** Fills a letter's template in. A template of the operator's that fails gives way to the built-in one. */
export async function writeMail(
  settings: AuthSettings,
  templates: TemplateShelf,
  letter: Letter,
  log: Logger,
): Promise<Mail> {
  const { kind, to, variables } = letter;
  const fill = ({ subject, body }: { readonly subject: Template; readonly body: Template }): Mail => ({
    kind,
    to,
    // A line break would end the header and begin another one.
    subject: subject.render(variables).replace(/[\r\n]+/g, ' '),
    html: body.render(variables),
    headers: headersFor(settings.smtpHeaders ?? {}, kind),
  });
  try {
    return fill(await templates.find(kind));
  } catch (error) {
    log.error({ err: error, kind }, 'a mail template failed; the built-in one is used');
    return fill(templates.builtIn(kind));
  }
}

// Without a mail server nothing leaves the machine, so only a limit that was asked for counts.
function readQuota(settings: AuthSettings, delivery: 'smtp' | 'inbox'): Rate | undefined {
  const text = settings.rateLimitEmailSent ?? (delivery === 'smtp' ? '30' : undefined);
  return text === undefined ? undefined : readRate('GOTRUE_RATE_LIMIT_EMAIL_SENT', text);
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
