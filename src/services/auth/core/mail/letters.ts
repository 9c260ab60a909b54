import { authError } from '../../errors.ts';
import type { AuthSettings, MailKind } from '../../settings.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { type UserChanges, updateUser } from '../../sql/users.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { actionLink } from '../external-url.ts';
import { askToMail, sendsOwnMail } from '../hooks/email.ts';
import type { EmailMessage, Letter } from './mail.ts';

/**
 * A mail that a transaction has prepared. It goes out after the commit, so that no database connection waits for a mail
 * server; when it cannot, `undo` gives the user another try at once.
 */
export interface PreparedLetter {
  readonly letter: Letter;
  /** Told to the client when the mail cannot be sent. */
  readonly failure: string;
  readonly undo?: (sql: Sql) => Promise<void>;
  /** For an application that sends mails itself; absent where another mail's message tells of this one, too. */
  readonly message?: EmailMessage;
  /** True: the transaction has stored it. */
  readonly kept?: boolean;
}

/** Kinds of mail whose link carries out an action, with path setting and verification type. */
const actions = {
  confirmation: { path: 'pathConfirmation', type: 'signup' },
  invite: { path: 'pathInvite', type: 'invite' },
  recovery: { path: 'pathRecovery', type: 'recovery' },
  magic_link: { path: 'pathRecovery', type: 'magiclink' },
  email_change: { path: 'pathEmailChange', type: 'email_change' },
} as const;

/** A kind of mail with a link. */
export type ActionKind = keyof typeof actions;

/** The link of an action. @param stored the stored form of the code, which is the link's token */
export function linkFor(context: AuthContext, caller: Caller, kind: ActionKind, stored: string): string {
  const { path, type } = actions[kind];
  return actionLink(caller.externalUrl, context.settings[path], stored, type, caller.redirectTo);
}

/** A mail with a link and a code. @param extra further variables, or others in place of the usual ones */
export function actionLetter(
  context: AuthContext,
  caller: Caller,
  user: User,
  kind: ActionKind,
  code: string,
  stored: string,
  extra: Readonly<Record<string, unknown>> = {},
): Letter {
  const email = user.email ?? '';
  return {
    kind,
    to: typeof extra.SendingTo === 'string' ? extra.SendingTo : email,
    variables: {
      SiteURL: context.settings.siteUrl,
      ConfirmationURL: linkFor(context, caller, kind, stored),
      Email: email,
      Token: code,
      TokenHash: stored,
      Data: user.raw_user_meta_data,
      RedirectTo: caller.redirectTo,
      ...extra,
    },
  };
}

/** What an application that sends mails itself is told of a mail with a link. */
export const actionMessage = (
  caller: Caller,
  user: User,
  kind: ActionKind,
  code: string,
  stored: string,
  more: Partial<EmailMessage['data']> = {},
): EmailMessage => ({
  user,
  ip: caller.ip,
  data: {
    email_action_type: actions[kind].type,
    token: code,
    token_hash: stored,
    redirect_to: caller.redirectTo,
    site_url: caller.externalUrl,
    ...more,
  },
});

/** A mail that only tells something. @param extra variables of its template beside the usual ones */
function notice(
  context: AuthContext,
  user: User,
  kind: MailKind,
  extra: Readonly<Record<string, string>> = {},
): PreparedLetter {
  const { SendingTo, OldEmail = '', OldPhone = '', Provider = '', FactorType = '' } = extra;
  return {
    letter: {
      kind,
      to: SendingTo ?? user.email ?? '',
      variables: { Email: user.email ?? '', Data: user.raw_user_meta_data, ...extra },
    },
    failure: 'Error sending notification email',
    message: {
      user,
      ip: null,
      data: {
        email_action_type: kind,
        site_url: context.externalBase(),
        old_email: OldEmail,
        old_phone: OldPhone,
        provider: Provider,
        factor_type: FactorType,
      },
    },
  };
}

/** Puts columns of a user back to what they were. */
export const restoring =
  (context: AuthContext, userId: string, columns: UserChanges) =>
  (sql: Sql): Promise<void> =>
    updateUser(sql, userId, columns, nowOf(context));

/**
 * Keeps a letter in the transaction it belongs to, where mails are kept; else it is sent by `dispatch`.
 *
 * @param unseen an application that sends mails itself is told after the answer, too, where that can wait
 */
export async function keepLetter(
  context: AuthContext,
  sql: Sql,
  prepared: PreparedLetter,
  unseen = false,
): Promise<PreparedLetter> {
  if (sendsOwnMail(context)) {
    const { message } = prepared;
    if (!unseen || !message || !context.post.postpones) return prepared;
    await context.post.postpone(sql, { kind: 'message', message });
    return { ...prepared, kept: true };
  }
  return { ...prepared, kept: await context.post.keep(sql, prepared.letter) };
}

/**
 * Sends what a transaction has prepared, after its commit. Kept letters only set out: nobody waits for a mail server,
 * so an answer takes as long for an address that gets a mail as for one that gets none.
 *
 * @throws unexpected_failure when a mail that is not kept does not go; where the application sends mails itself, what
 *   its hook says
 */
export async function dispatch(context: AuthContext, letters: readonly (PreparedLetter | undefined)[]): Promise<void> {
  if (letters.some((prepared) => prepared?.kept)) context.post.setOut();
  for (const prepared of letters) {
    if (!prepared || prepared.kept) continue;
    try {
      await send(context, prepared);
    } catch (error) {
      await prepared.undo?.(context.db);
      if (sendsOwnMail(context)) throw error;
      throw authError('unexpected_failure', { message: prepared.failure, cause: error });
    }
  }
}

async function send(context: AuthContext, { letter, message }: PreparedLetter): Promise<void> {
  if (!sendsOwnMail(context)) await context.post.send(letter);
  else if (message) await askToMail(context, message);
}

/** Sends a mail whose failure must not fail what was done; it is logged. */
async function dispatchNotice(context: AuthContext, prepared: PreparedLetter | undefined): Promise<void> {
  if (!prepared || prepared.letter.to === '') return;
  try {
    await send(context, prepared);
  } catch (error) {
    context.log.warn({ err: error, kind: prepared.letter.kind }, 'a notification mail could not be sent');
  }
}

/** Notices that a setting switches on, with that setting. */
const switches = {
  password_changed_notification: 'notifyPasswordChanged',
  email_changed_notification: 'notifyEmailChanged',
  phone_changed_notification: 'notifyPhoneChanged',
  identity_linked_notification: 'notifyIdentityLinked',
  identity_unlinked_notification: 'notifyIdentityUnlinked',
  mfa_factor_enrolled_notification: 'notifyFactorEnrolled',
  mfa_factor_unenrolled_notification: 'notifyFactorUnenrolled',
} as const satisfies Partial<Record<MailKind, keyof AuthSettings>>;

/**
 * Tells a user by mail of something that happened to their account, where settings want that. Called after the commit;
 * what fails is logged, since it must not undo what was done.
 *
 * @param extra variables of the kind: OldEmail, Phone and OldPhone, Provider, or FactorType
 */
export async function notifyUser(
  context: AuthContext,
  user: User,
  kind: keyof typeof switches,
  extra: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (context.settings[switches[kind]]) await dispatchNotice(context, notice(context, user, kind, extra));
}
