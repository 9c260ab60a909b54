import type { AuthContext } from '../context.ts';
import type { EmailMessage } from '../mail/mail.ts';
import { userView, type WireObject } from '../user-view.ts';

const nothing = {
  token: '',
  token_hash: '',
  redirect_to: '',
  email_action_type: '',
  site_url: '',
  token_new: '',
  token_hash_new: '',
  old_email: '',
  old_phone: '',
  provider: '',
  factor_type: '',
};

/** Whether the application sends mails itself. */
export const sendsOwnMail = (context: AuthContext): boolean => context.hooks.at('send_email') !== undefined;

/** Has the application send a mail. @throws whatever the hook says */
export async function askToMail(context: AuthContext, { user, ip, data }: EmailMessage): Promise<void> {
  const email_data: WireObject = { ...nothing, ...data };
  await context.hooks.ask('send_email', { user: userView(user), email_data }, ip);
}
