import type { MailKind } from '../../settings.ts';
import type { User } from '../../sql/rows.ts';
import type { Caller } from '../caller.ts';
import type { CodeChallenge } from '../pkce.ts';

/** A mail before its template is filled in. */
export interface Letter {
  readonly kind: MailKind;
  readonly to: string;
  /** What templates can name, e.g. `ConfirmationURL`. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Mails that are asked for by address alone. */
export type RequestedMail = 'recovery' | 'signup' | 'email_change';

/**
 * A request for a mail that waits beside the letters. Whether somebody has the address is found out after the answer, so
 * that no time an answer takes can tell.
 */
export interface WaitingRequest {
  readonly kind: 'request';
  readonly wants: RequestedMail;
  readonly email: string;
  readonly challenge: CodeChallenge | undefined;
  readonly caller: Caller;
}

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

/**
 * A mail that the application is to send itself, told to it after the answer to a sign-up: it is told of new users alone, so
 * that the time it takes would tell who has an account.
 */
export interface WaitingMessage {
  readonly kind: 'message';
  readonly message: EmailMessage;
}

/** What waits beside the letters, and is done after an answer. */
export type Postponed = WaitingRequest | WaitingMessage;

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
