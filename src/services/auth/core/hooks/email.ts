import type { User } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';
import { userView, type WireObject } from '../user-view.ts';

/** A mail as the application's own sender is told of it. */
export interface EmailMessage {
  readonly user: User;
  readonly ip: string | null;
  readonly data: EmailData;
}

/** What is to be sent. Every field is there, empty where it means nothing. */
export interface EmailData {
  /** `signup`, `recovery`, `password_changed_notification` … */
  readonly email_action_type: string;
  readonly token?: string;
  readonly token_hash?: string;
  readonly redirect_to?: string;
  /** Base URL of the service, not of the application. */
  readonly site_url: string;
  readonly token_new?: string;
  readonly token_hash_new?: string;
  readonly old_email?: string;
  readonly old_phone?: string;
  readonly provider?: string;
  readonly factor_type?: string;
}

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
