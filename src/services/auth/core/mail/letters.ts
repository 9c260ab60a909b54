import { authError } from '../../errors.ts';
import type { AuthSettings, MailKind } from '../../settings.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { type UserChanges, updateUser } from '../../sql/users.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { actionLink } from '../external-url.ts';
import type { Letter } from './post-office.ts';

/**
 * A mail that a transaction has prepared. It goes out after the commit, so that no database connection waits for a mail
 * server; when it cannot, `undo` gives the user another try at once.
 */
export interface PreparedLetter {
  readonly letter: Letter;
  /** Told to the client when the mail cannot be sent. */
  readonly failure: string;
  readonly undo?: (sql: Sql) => Promise<void>;
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

/** A mail that only tells something. */
function notice(user: User, kind: MailKind, extra: Readonly<Record<string, unknown>> = {}): PreparedLetter {
  const to = typeof extra.SendingTo === 'string' ? extra.SendingTo : (user.email ?? '');
  return {
    letter: { kind, to, variables: { Email: user.email ?? '', Data: user.raw_user_meta_data, ...extra } },
    failure: 'Error sending notification email',
  };
}

/** Puts columns of a user back to what they were. */
export const restoring =
  (context: AuthContext, userId: string, columns: UserChanges) =>
  (sql: Sql): Promise<void> =>
    updateUser(sql, userId, columns, nowOf(context));

/** Sends what a transaction has prepared. @throws unexpected_failure when a mail does not go */
export async function dispatch(context: AuthContext, letters: readonly (PreparedLetter | undefined)[]): Promise<void> {
  for (const prepared of letters) {
    if (!prepared) continue;
    try {
      await context.post.send(prepared.letter);
    } catch (error) {
      await prepared.undo?.(context.db);
      throw authError('unexpected_failure', { message: prepared.failure, cause: error });
    }
  }
}

/** Sends a mail whose failure must not fail what was done; it is logged. */
async function dispatchNotice(context: AuthContext, prepared: PreparedLetter | undefined): Promise<void> {
  if (!prepared || prepared.letter.to === '') return;
  try {
    await context.post.send(prepared.letter);
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
  extra: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (context.settings[switches[kind]]) await dispatchNotice(context, notice(user, kind, extra));
}
