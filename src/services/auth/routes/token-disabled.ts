import { authError, OAuthError } from '../errors.ts';
import type { Answer, Exchange } from './exchange.ts';

/** `POST /token?grant_type=id_token`: answers as upstream does when no provider is enabled. */
export function grantIdToken(exchange: Exchange): Answer {
  const fields = exchange.fields();
  const [provider, issuer] = [fields.text('provider'), fields.text('issuer')];
  if (fields.text('id_token') === '') throw new OAuthError('invalid request', 'id_token required');
  if (provider === '' && (fields.text('client_id') === '' || issuer === ''))
    throw new OAuthError('invalid request', 'provider or client_id and issuer required');
  throw authError('provider_disabled', {
    message: `Provider (issuer ${JSON.stringify(issuer || provider)}) is not enabled`,
  });
}

/** `POST /token?grant_type=web3`: answers as upstream does when it is off. */
export function grantWeb3(_exchange: Exchange): Answer {
  throw authError('web3_provider_disabled');
}
