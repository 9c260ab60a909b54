import type { Transaction } from '#kernel/sql';

/** Something statements can be run on: a transaction, or a database with a transaction for each statement. */
export type Sql = Transaction;

/** A moment as PostgreSQL writes it in JSON; see `core/instant.ts`. */
type Instant = string;

/** Free-form JSON that clients keep with a user. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Every row belongs to this instance; upstream filters by it. */
export const nilUuid = '00000000-0000-0000-0000-000000000000';

/** A row of `auth.users`. Token columns that are NULL (seed scripts leave them so) read as empty. */
export interface UserRow {
  readonly id: string;
  readonly aud: string;
  readonly role: string;
  readonly email: string | null;
  readonly encrypted_password: string | null;
  readonly email_confirmed_at: Instant | null;
  readonly invited_at: Instant | null;
  readonly confirmation_token: string;
  readonly confirmation_sent_at: Instant | null;
  readonly recovery_token: string;
  readonly recovery_sent_at: Instant | null;
  readonly email_change_token_new: string;
  readonly email_change_token_current: string;
  readonly email_change: string;
  readonly email_change_sent_at: Instant | null;
  readonly email_change_confirm_status: number;
  readonly last_sign_in_at: Instant | null;
  readonly raw_app_meta_data: Metadata;
  readonly raw_user_meta_data: Metadata;
  readonly created_at: Instant | null;
  readonly updated_at: Instant | null;
  readonly phone: string | null;
  readonly phone_confirmed_at: Instant | null;
  readonly phone_change: string;
  readonly phone_change_token: string;
  readonly phone_change_sent_at: Instant | null;
  readonly confirmed_at: Instant | null;
  readonly banned_until: Instant | null;
  readonly reauthentication_token: string;
  readonly reauthentication_sent_at: Instant | null;
  readonly is_sso_user: boolean;
  readonly deleted_at: Instant | null;
  readonly is_anonymous: boolean;
}

/** A row of `auth.identities`: one way in which a user signs in. */
export interface IdentityRow {
  readonly id: string;
  readonly provider_id: string;
  readonly user_id: string;
  readonly identity_data: Metadata;
  readonly provider: string;
  readonly email: string | null;
  readonly last_sign_in_at: Instant | null;
  readonly created_at: Instant | null;
  readonly updated_at: Instant | null;
}

/** A row of `auth.mfa_factors` without its secrets. */
export interface FactorRow {
  readonly id: string;
  readonly user_id: string;
  readonly friendly_name: string | null;
  readonly factor_type: 'totp' | 'webauthn' | 'phone' | 'recovery_code';
  readonly status: 'unverified' | 'verified';
  readonly phone: string | null;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly last_challenged_at: Instant | null;
  readonly web_authn_aaguid: string | null;
  readonly last_webauthn_challenge_data: Metadata | null;
}

/** A user with what belongs to it. */
export interface User extends UserRow {
  readonly identities: readonly IdentityRow[];
  readonly factors: readonly FactorRow[];
}

/** A row of `auth.sessions`. `refreshed_at` has no time zone and holds UTC. */
export interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly created_at: Instant;
  readonly updated_at: Instant | null;
  readonly aal: 'aal1' | 'aal2' | 'aal3' | null;
  readonly not_after: Instant | null;
  readonly refreshed_at: Instant | null;
  readonly tag: string | null;
  readonly oauth_client_id: string | null;
  readonly scopes: string | null;
  /** Set where its refresh tokens are of form 2; may be encrypted. */
  readonly refresh_token_hmac_key: string | null;
  /** Of the refresh token of form 2 that was handed out last. */
  readonly refresh_token_counter: number | null;
}

/** A row of `auth.refresh_tokens`. */
export interface RefreshTokenRow {
  readonly id: number;
  readonly token: string;
  readonly user_id: string;
  readonly parent: string | null;
  readonly revoked: boolean;
  readonly session_id: string | null;
  readonly updated_at: Instant;
}

/** How somebody proved who they are in a session. */
export interface AmrRow {
  readonly method: string;
  readonly updated_at: Instant;
}
