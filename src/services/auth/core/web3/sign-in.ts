import { authError, invalid, OAuthError } from '../../errors.ts';
import { useOnce } from '../../sql/flow-states.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { enter } from '../external/enter.ts';
import { onceKey } from '../external/once.ts';
import { type SignedIn, signedIn, startSession } from '../session/issue.ts';
import { recoverAddress } from './ethereum.ts';
import { parseWalletMessage, type WalletMessage } from './message.ts';
import { isSignedBySolana } from './solana.ts';

/** What comes with `grant_type=web3`; absent texts are empty. */
export interface Web3Request {
  readonly chain: string;
  readonly message: string;
  readonly signature: string;
}

/** Milliseconds that clocks may differ. */
const skew = 60_000;

const refusal = (message: string): Error => new OAuthError('invalid_grant', message);

/**
 * Signs somebody in by a message that their wallet has signed. A message is good for one sign-in, on all nodes together.
 *
 * @throws web3_provider_disabled, web3_unsupported_chain, validation_failed; OAuthError for messages that do not hold
 */
export async function signInWithWeb3(context: AuthContext, caller: Caller, request: Web3Request): Promise<SignedIn> {
  const { settings } = context;
  const { chain, message, signature } = request;
  if (!settings.web3Ethereum && !settings.web3Solana) throw authError('web3_provider_disabled');
  if (chain !== 'ethereum' && chain !== 'solana') throw authError('web3_unsupported_chain');
  if (!(chain === 'ethereum' ? settings.web3Ethereum : settings.web3Solana)) throw authError('web3_provider_disabled');
  const size = Buffer.byteLength(message);
  if (size < 64) throw invalid('message is too short');
  if (size > 20_480) throw invalid('message must not exceed 20KB');
  const parsed = parse(message, chain);
  const address = await signerOf(chain, parsed, message, signature);
  if (address === undefined) throw refusal('Signature does not match address in message');
  const validity = chain === 'ethereum' ? settings.web3EthereumValidity : settings.web3SolanaValidity;
  assertTimely(parsed, validity, context.clock.now());
  assertOwn(context, parsed);
  const subject = `web3:${chain}:${address}`;
  const profile = {
    subject,
    issuer: '',
    emails: [],
    custom: {
      address,
      chain,
      network: parsed.chainId,
      domain: parsed.domain,
      statement: parsed.statement,
    },
  };
  const arrival = { provider: 'web3', profile, emailOptional: true, challenge: undefined };
  // Of one message there are several good signatures, so the message is what may not come twice.
  const key = onceKey('web3', subject, message);
  const grant = await enter(context, caller, arrival, async (sql, user) => {
    if (!(await useOnce(sql, key, 'web3', nowOf(context)))) throw refusal('Message was used before');
    return startSession(context, sql, user, 'web3', caller);
  });
  return signedIn(context, grant);
}

function parse(message: string, chain: 'ethereum' | 'solana'): WalletMessage {
  try {
    return parseWalletMessage(message, chain === 'ethereum' ? 'Ethereum' : 'Solana');
  } catch (error) {
    throw refusal(`Message cannot be read: ${(error as Error).message}`);
  }
}

async function signerOf(
  chain: 'ethereum' | 'solana',
  { address }: WalletMessage,
  message: string,
  signature: string,
): Promise<string | undefined> {
  if (chain === 'solana') return (await isSignedBySolana(message, address, signature)) ? address : undefined;
  const found = await recoverAddress(message, signature);
  return found !== undefined && found === address.toLowerCase() ? found : undefined;
}

function assertTimely({ issuedAt, expirationTime, notBefore }: WalletMessage, validity: number, now: number): void {
  const issued = Date.parse(issuedAt);
  if (issued > now + skew) throw refusal('Message was issued in the future');
  if (issued + validity <= now) throw refusal('Message was issued too long ago');
  if (expirationTime !== '' && Date.parse(expirationTime) <= now) throw refusal('Message has expired');
  if (notBefore !== '' && Date.parse(notBefore) > now) throw refusal('Message is not valid yet');
}

// A message that another site has asked for must not be good here.
function assertOwn({ redirects }: AuthContext, { uri, domain }: WalletMessage): void {
  if (!redirects.isAllowed(uri)) throw refusal('URI of the message is not allowed on this server');
  const { protocol, host, hostname } = new URL(uri);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) throw refusal('URI of the message must be https');
  if (host !== domain.toLowerCase()) throw refusal('Domain of the message does not match its URI');
}
