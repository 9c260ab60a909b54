import { signInWithIdToken } from '../core/external/id-token.ts';
import { authError } from '../errors.ts';
import { type Answer, type Exchange, userOf } from './exchange.ts';

/** `POST /token?grant_type=id_token` */
export async function grantIdToken(exchange: Exchange): Promise<Answer> {
  const fields = exchange.fields();
  const isLinking = fields.flag('link_identity');
  if (isLinking && !exchange.context.settings.manualLinking) throw authError('manual_linking_disabled');
  const bearer = isLinking ? await userOf(exchange) : undefined;
  return signInWithIdToken(
    exchange.context,
    exchange.caller(bearer && { bearer }),
    {
      idToken: fields.text('id_token'),
      accessToken: fields.text('access_token'),
      nonce: fields.text('nonce'),
      provider: fields.text('provider'),
      clientId: fields.text('client_id'),
      issuer: fields.text('issuer'),
    },
    bearer,
  );
}
