import type { Egress } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';
import type { CapturedMail } from './core/mail/inbox.ts';

/** What auth needs from elsewhere. */
export interface AuthPorts {
  /** Where the database is, under the role that owns schema `auth`. Asked for at start. */
  readonly database: () => ConnectionOptions;
  /**
   * Base URL that clients reach the stack under, for links in mails where `API_EXTERNAL_URL` says nothing. Asked for each
   * time, since the edge opens its port after this room has started.
   */
  readonly publicUrl?: () => string | undefined;
  /** The way out for hooks, templates, providers and whatever else asks servers elsewhere. */
  readonly egress: Egress;
  /** Keeps mails in place of a mail server; default: this room itself, for the inbox it shows. */
  readonly keepMail?: (mail: Omit<CapturedMail, 'id'>) => void;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}
