import type { MailKind } from '../../settings.ts';

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
