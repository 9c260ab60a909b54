import type { Sql, User } from '../../sql/rows.ts';
import { findUserByEmail } from '../../sql/users.ts';
import { assertMayWriteTo } from '../addresses.ts';
import { audit } from '../audit.ts';
import type { AuthContext } from '../context.ts';
import { askToMail } from '../hooks/email.ts';
import { dispatch, type PreparedLetter } from '../mail/letters.ts';
import type { Postponed, RequestedMail, WaitingRequest } from '../mail/mail.ts';
import { answersUnseen, assertTurn } from './frequency.ts';
import { type Admission, prepareConfirmation, prepareEmailChange, prepareRecovery } from './send.ts';

/** A request for a mail to an address, whoever has it. */
export type MailRequest = Omit<WaitingRequest, 'kind'>;

/**
 * Takes a request for a mail whose answer must not tell whether somebody has the address. Where mails wait in the database,
 * the request does, too: it is admitted by statements that are the same for every address, and nobody looks for a user
 * before the answer. So it is where the application sends mails itself: it is asked afterwards, since it is asked for users
 * alone, and its time or its refusal would tell who is one. Without such a place the mail is made at once.
 *
 * @throws over_email_send_rate_limit, email_address_not_authorized, email_address_invalid
 */
export async function requestMail(context: AuthContext, request: MailRequest): Promise<void> {
  const { wants, email } = request;
  if (wants !== 'email_change') assertMayWriteTo(email, context.settings.authorizedAddresses);
  await context.assertMailable(email, context.log);
  if (!answersUnseen(context)) return perform(context, request, {});
  await context.db.transaction(async (sql) => {
    await assertTurn(context, sql, wants, email, context.settings.smtpMaxFrequency);
    await context.post.reserve(sql, mailsFor(context, wants));
    await context.post.postpone(sql, { kind: 'request', ...request });
  });
  context.post.setOut();
}

/** Does what was postponed until after an answer. @throws what the application says whom it is told to */
export const doPostponed = (context: AuthContext, postponed: Postponed): Promise<void> =>
  postponed.kind === 'message'
    ? askToMail(context, postponed.message)
    : perform(context, postponed, { admitted: true });

// A change of address is confirmed at both.
const mailsFor = ({ settings }: AuthContext, wants: RequestedMail): number =>
  wants === 'email_change' && settings.secureEmailChange ? 2 : 1;

async function perform(context: AuthContext, request: MailRequest, admission: Admission): Promise<void> {
  const { wants, email, caller } = request;
  const user = await findUserByEmail(context.db, email, caller.aud);
  if (!user || !isDue(user, wants)) {
    if (admission.admitted) return context.post.release(mailsFor(context, wants));
    return assertTurn(context, context.db, `nobody’s ${wants}`, email, context.settings.smtpMaxFrequency);
  }
  const letters = await context.db.transaction((sql) => prepare(context, sql, request, user, admission));
  await dispatch(context, letters);
}

function isDue(user: User, wants: RequestedMail): boolean {
  if (wants === 'signup') return user.email_confirmed_at === null;
  return wants === 'recovery' || Boolean(user.email_change);
}

async function prepare(
  context: AuthContext,
  sql: Sql,
  { wants, challenge, caller }: MailRequest,
  user: User,
  admission: Admission,
): Promise<PreparedLetter[]> {
  switch (wants) {
    case 'recovery':
      await audit(context, sql, user, 'user_recovery_requested');
      return [await prepareRecovery(context, sql, caller, user, 'recovery', challenge, admission)];
    case 'signup':
      await audit(context, sql, user, 'user_confirmation_requested');
      return [await prepareConfirmation(context, sql, caller, user, challenge, admission)];
    default:
      return prepareEmailChange(context, sql, caller, user, user.email_change, challenge, admission);
  }
}
