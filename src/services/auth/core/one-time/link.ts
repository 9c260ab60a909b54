import { authError, invalid } from '../../errors.ts';
import { issueAuthCode } from '../../sql/flow-states.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { pkcePrefix } from '../one-time-code.ts';
import { withCode, withFailure, withMessage, withTokens } from '../redirect-answer.ts';
import { type Grant, signedIn, startSession } from '../session/issue.ts';
import { applyProof, proveByHash, settleProof, type Verified } from './verify.ts';

/** Told after the first of two confirmations of a change of address. */
export const halfwayMessage = 'Confirmation link accepted. Please proceed to confirm link sent to the other email';

type Outcome =
  | { readonly kind: 'half' }
  | { readonly kind: 'code'; readonly code: string; readonly verified: Verified & { readonly kind: 'user' } }
  | { readonly kind: 'grant'; readonly grant: Grant; readonly verified: Verified & { readonly kind: 'user' } };

/**
 * Follows a link from a mail.
 *
 * @returns where to send the browser, failures included
 * @throws validation_failed when the link itself is incomplete
 */
export async function followLink(
  context: AuthContext,
  caller: Caller,
  link: { readonly token: string; readonly type: string },
): Promise<string> {
  if (link.type === '') throw invalid('Verify requires a verification type');
  if (link.token === '') throw invalid('Verify requires a token or a token hash');
  const isPkce = link.token.startsWith(pkcePrefix);
  try {
    const outcome = await context.db.transaction(async (sql): Promise<Outcome> => {
      const proof = await proveByHash(context, sql, link.type, link.token);
      const verified = await applyProof(context, sql, proof);
      if (verified.kind === 'half') return verified;
      const { user } = verified;
      if (!isPkce) return { kind: 'grant', verified, grant: await startSession(context, sql, user, 'otp', caller) };
      const method = methodOf(link.type, proof.token);
      const code = await issueAuthCode(sql, user.id, method, nowOf(context));
      if (code === undefined) throw authError('flow_state_not_found', { message: 'No associated flow state found' });
      return { kind: 'code', verified, code };
    });
    if (outcome.kind === 'half') return withMessage(caller.redirectTo, halfwayMessage, isPkce);
    await settleProof(context, outcome.verified);
    if (outcome.kind === 'code') return withCode(caller.redirectTo, outcome.code);
    const { body } = await signedIn(context, outcome.grant);
    return withTokens(caller.redirectTo, body, link.type);
  } catch (error) {
    context.log.info({ err: error, type: link.type }, 'a link was refused');
    return withFailure(caller.redirectTo, error, isPkce);
  }
}

/** How a flow of this type says the user proved who they are; names the flow state, too. */
function methodOf(type: string, token: string): string {
  if (type === 'signup' || (type === 'email' && token === 'confirmation_token')) return 'email/signup';
  return type === 'email' ? 'magiclink' : type;
}
