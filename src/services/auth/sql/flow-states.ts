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
};

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
