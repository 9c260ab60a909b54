import type { Sql } from './rows.ts';

/** A login flow that ends in an exchange of a code (PKCE). */
export interface FlowState {
  readonly id: string;
  readonly user_id: string | null;
  readonly auth_code: string | null;
  readonly code_challenge: string | null;
  readonly code_challenge_method: 's256' | 'plain' | null;
  readonly authentication_method: string;
  readonly provider_access_token: string | null;
  readonly provider_refresh_token: string | null;
  readonly created_at: string;
  readonly auth_code_issued_at: string | null;
}

const statements = {
  insert: `
    insert into auth.flow_state (id, user_id, auth_code, code_challenge, code_challenge_method, provider_type,
      authentication_method, created_at, updated_at, provider_access_token, provider_refresh_token)
    values ($1, $2, $3, $4, $5, $6, $6, $7, $7, '', '')`,
  issue: `
    update auth.flow_state set auth_code_issued_at = $3, updated_at = $3
    where id = (select id from auth.flow_state where user_id = $1 and authentication_method = $2
      order by created_at desc limit 1)
    returning auth_code`,
  byCode: 'select row_to_json(f) as flow from auth.flow_state f where f.auth_code = $1 for update',
  delete: 'delete from auth.flow_state where id = $1',
  insertExternal: `
    insert into auth.flow_state (id, code_challenge, code_challenge_method, provider_type, authentication_method,
      created_at, updated_at, provider_access_token, provider_refresh_token, referrer, invite_token,
      oauth_client_state_id, linking_target_id, email_optional)
    values ($1, $2, $3, $4, $5, $6, $6, '', '', $7, $8, $9, $10, $11)`,
  take: `
    update auth.flow_state set auth_code_issued_at = $2, updated_at = $2
    where id = $1 and authentication_method = $3 and auth_code_issued_at is null and auth_code is null
    returning row_to_json(flow_state) as flow`,
  exists: 'select from auth.flow_state where id = $1 and authentication_method = $2',
  finish: `
    update auth.flow_state set user_id = $2, auth_code = $3, auth_code_issued_at = $4, updated_at = $4,
      provider_access_token = $5, provider_refresh_token = $6
    where id = $1`,
  insertClientState: `
    insert into auth.oauth_client_states (id, provider_type, code_verifier, created_at) values ($1, $2, $3, $4)`,
  useOnce: `
    with old as (
      delete from auth.oauth_client_states where id in (
        select id from auth.oauth_client_states where created_at < $3::timestamptz - interval '24 hours'
        order by created_at limit 10 for update skip locked)
    )
    insert into auth.oauth_client_states (id, provider_type, created_at) values ($1, $2, $3) on conflict do nothing`,
  takeClientState: `
    delete from auth.oauth_client_states where id = $1
    returning provider_type, code_verifier, to_json(created_at) as created_at`,
};

/** A sign-in that goes by another server. Without a challenge it ends in tokens, not in a code. */
export interface ExternalFlow {
  readonly id: string;
  readonly provider: string;
  /** How the user will have proved who they are: `oauth` or `sso/saml`. */
  readonly method: string;
  readonly challenge: { readonly challenge: string; readonly method: 's256' | 'plain' } | undefined;
  /** Where the user goes in the end; already checked. */
  readonly referrer: string;
  readonly inviteToken: string;
  readonly clientStateId: string | null;
  readonly linkingTargetId: string | null;
  readonly emailOptional: boolean;
}

/** A flow as its row has it, with what only sign-ins by other servers have. */
export interface ExternalFlowRow extends FlowState {
  readonly provider_type: string;
  readonly referrer: string | null;
  readonly invite_token: string | null;
  readonly oauth_client_state_id: string | null;
  readonly linking_target_id: string | null;
  readonly email_optional: boolean;
}

/** Begins a sign-in that goes by another server. */
export async function insertExternalFlow(sql: Sql, flow: ExternalFlow, now: string): Promise<void> {
  await sql.query(statements.insertExternal, [
    flow.id,
    flow.challenge?.challenge ?? null,
    flow.challenge?.method ?? null,
    flow.provider,
    flow.method,
    now,
    flow.referrer,
    flow.inviteToken,
    flow.clientStateId,
    flow.linkingTargetId,
    flow.emailOptional,
  ]);
}

/** Takes up a sign-in that comes back, once. @returns undefined when there is none, `used` when it came back before */
export async function takeExternalFlow(
  sql: Sql,
  id: string,
  method: string,
  now: string,
): Promise<ExternalFlowRow | 'used' | undefined> {
  const { rows } = await sql.query<{ flow: ExternalFlowRow }>(statements.take, [id, now, method]);
  if (rows[0]) return rows[0].flow;
  return (await sql.query(statements.exists, [id, method])).rows.length > 0 ? 'used' : undefined;
}

/** Ends a sign-in by another server in a code that its beginner exchanges. */
export async function finishExternalFlow(
  sql: Sql,
  id: string,
  userId: string,
  authCode: string,
  tokens: { readonly accessToken: string; readonly refreshToken: string },
  now: string,
): Promise<void> {
  await sql.query(statements.finish, [id, userId, authCode, now, tokens.accessToken, tokens.refreshToken]);
}

/**
 * Ends a sign-in by single sign-on in a code that its beginner exchanges. Identity providers of SAML hand out no tokens,
 * so the end of their session waits in the column of these; the table is the mirrored service's and has none for it.
 */
export async function finishSsoFlow(
  sql: Sql,
  id: string,
  userId: string,
  authCode: string,
  sessionEnd: string | null,
  now: string,
): Promise<void> {
  await sql.query(statements.finish, [id, userId, authCode, now, sessionEnd ?? '', '']);
}

/** How flows of single sign-on say the user proved who they are. */
export const ssoMethod = 'sso/saml';

/** What the other server gave with a flow: its tokens, or, by single sign-on, when its session ends. */
export function givenWith(flow: FlowState): {
  readonly providerToken: string | null;
  readonly providerRefreshToken: string | null;
  readonly notAfter: string | null;
} {
  const { provider_access_token, provider_refresh_token } = flow;
  if (flow.authentication_method === ssoMethod)
    return { providerToken: null, providerRefreshToken: null, notAfter: provider_access_token || null };
  return { providerToken: provider_access_token, providerRefreshToken: provider_refresh_token, notAfter: null };
}

/** What is kept of an outgoing request until its answer comes: a PKCE verifier or a request token's secret. */
export interface ClientState {
  readonly provider_type: string;
  readonly code_verifier: string | null;
  readonly created_at: string;
}

/** Keeps a secret of an outgoing request. */
export async function insertClientState(
  sql: Sql,
  id: string,
  provider: string,
  secret: string,
  now: string,
): Promise<void> {
  await sql.query(statements.insertClientState, [id, provider, secret, now]);
}

/**
 * Notes that something was used, for a day at least.
 *
 * @param key a UUID that stands for it
 * @returns false when it was used before, on whatever node
 */
export async function useOnce(sql: Sql, key: string, kind: string, now: string): Promise<boolean> {
  return (await sql.query(statements.useOnce, [key, kind, now])).rowCount > 0;
}

/** Takes the secret of an outgoing request out again; it is there once. */
export async function takeClientState(sql: Sql, id: string): Promise<ClientState | undefined> {
  return (await sql.query<ClientState>(statements.takeClientState, [id])).rows[0];
}

/** What a flow begins with. `method` says how the user will have proved who they are, e.g. `magiclink`. */
export interface NewFlowState {
  readonly id: string;
  readonly userId: string;
  readonly authCode: string;
  readonly challenge: string;
  readonly challengeMethod: string;
  readonly method: string;
}

/** Begins a flow. */
export async function insertFlowState(sql: Sql, flow: NewFlowState, now: string): Promise<void> {
  const { id, userId, authCode, challenge, challengeMethod, method } = flow;
  await sql.query(statements.insert, [id, userId, authCode, challenge, challengeMethod, method, now]);
}

/** Hands out the code of a user's latest flow of a kind. */
export async function issueAuthCode(
  sql: Sql,
  userId: string,
  method: string,
  now: string,
): Promise<string | undefined> {
  const { rows } = await sql.query<{ auth_code: string }>(statements.issue, [userId, method, now]);
  return rows[0]?.auth_code;
}

/** The flow a code belongs to, locked, so that a code sent twice at a time works once. */
export async function lockFlowByCode(sql: Sql, code: string): Promise<FlowState | undefined> {
  const { rows } = await sql.query<{ flow: FlowState }>(statements.byCode, [code]);
  return rows[0]?.flow;
}

/** Ends a flow. */
export async function deleteFlowState(sql: Sql, id: string): Promise<void> {
  await sql.query(statements.delete, [id]);
}
