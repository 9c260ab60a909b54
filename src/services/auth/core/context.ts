import type { Egress } from '#kernel/egress';
import type { Signer } from '#kernel/jwt';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import type { AuthSettings } from '../settings.ts';
import type { ColumnCipher } from './column-cipher.ts';
import type { SignInBinding } from './external/binding.ts';
import type { Oidc } from './external/oidc.ts';
import type { Hooks } from './hooks/hooks.ts';
import { instantAt } from './instant.ts';
import type { SharedLimits } from './limits/shared-limits.ts';
import type { AddressCheck } from './mail/address-check.ts';
import type { PostOffice } from './mail/post-office.ts';
import type { Attempts } from './one-time/attempts.ts';
import type { CodeHasher } from './one-time-code.ts';
import type { PasswordRules } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import type { RedirectPolicy } from './redirect.ts';
import type { SmsOffice } from './sms/office.ts';
import type { Saml } from './sso/service.ts';

export type { Caller } from './caller.ts';

/** Everything decisions are made with. One for each running room. */
export interface AuthContext {
  readonly settings: AuthSettings;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly passwords: Passwords;
  readonly passwordRules: PasswordRules;
  readonly codes: CodeHasher;
  readonly columns: ColumnCipher;
  readonly binding: SignInBinding;
  readonly signer: Signer;
  readonly post: PostOffice;
  /** Asked about an address that somebody wants mail at, before a transaction begins. */
  readonly assertMailable: AddressCheck;
  readonly redirects: RedirectPolicy;
  readonly attempts: Attempts;
  readonly hooks: Hooks;
  readonly sms: SmsOffice;
  readonly limits: SharedLimits;
  readonly egress: Egress;
  readonly oidc: Oidc;
  /** Undefined where single sign-on is off. */
  readonly saml: Saml | undefined;
  /** Base URL of links, unless a request came by an allowed host of another name. */
  readonly externalBase: () => string;
}

/** The present moment as a statement's parameter. */
export const nowOf = (context: AuthContext): string => instantAt(context.clock.now());
