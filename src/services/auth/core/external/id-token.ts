import { createHash } from 'node:crypto';
import { authError, invalid, OAuthError } from '../../errors.ts';
import { getCustomProvider } from '../../sql/custom-providers.ts';
import type { Sql, User } from '../../sql/rows.ts';
import type { Bearer } from '../bearer.ts';
import { equalInConstantTime } from '../constant-time.ts';
import type { AuthContext, Caller } from '../context.ts';
import { type Grant, type SignedIn, signedIn, startSession } from '../session/issue.ts';
import { audiencesOf } from './client.ts';
import { configuredProvider, isProviderName } from './configured.ts';
import { mappedProfile } from './custom.ts';
import { enter } from './enter.ts';
import { textAt } from './json.ts';
import { linkToUser, notifyLinked } from './link-identity.ts';
import { unverifiedIssuer } from './oidc.ts';
import { asProfile, oneEmail, type Profile } from './profile.ts';
import { againOnRivalry } from './sign-in.ts';
import { azureClaims, claimsProfile, isAppleIssuer, isAzureIssuerFor } from './token-profiles.ts';

/** What comes with `grant_type=id_token`; absent texts are empty. */
export interface IdTokenRequest {
  readonly idToken: string;
  readonly accessToken: string;
  readonly nonce: string;
  readonly provider: string;
  readonly clientId: string;
  readonly issuer: string;
}

type Claims = Readonly<Record<string, unknown>>;

/** How tokens of a provider are judged. */
interface Trust {
  /** Name of the provider, as identities have it. */
  readonly name: string;
  readonly audiences: readonly string[];
  readonly accepts: (issuer: string) => boolean;
  readonly keysOf?: string;
  readonly discoveryUrl?: string;
  readonly byOperator: boolean;
  readonly skipNonce: boolean;
  readonly emailOptional: boolean;
  readonly profile: (claims: Claims) => Profile;
}

/** Providers that hand out ID tokens to applications. */
const withIdTokens: ReadonlySet<string> = new Set([
  'apple',
  'google',
  'azure',
  'facebook',
  'keycloak',
  'kakao',
  'vercel_marketplace',
  'snapchat',
]);

const badToken = (cause?: unknown): Error =>
  Object.assign(new OAuthError('invalid request', 'Bad ID token'), { cause });

/**
 * Signs somebody in by an ID token that their application got from a provider, or links it to who is signed in.
 *
 * @param linkTo who is signed in, where the token is to be linked
 * @throws OAuthError, provider_disabled, validation_failed and what a sign-in by redirects is refused with
 */
export async function signInWithIdToken(
  context: AuthContext,
  caller: Caller,
  request: IdTokenRequest,
  linkTo?: Bearer,
): Promise<SignedIn> {
  if (request.idToken === '') throw new OAuthError('invalid request', 'id_token required');
  if (request.provider === '' && (request.clientId === '' || request.issuer === ''))
    throw new OAuthError('invalid request', 'provider or client_id and issuer required');
  const trust = await findTrust(context, request);
  const claims = await verifiedClaims(context, trust, request);
  assertNonce(trust, claims, request.nonce);
  const profile = asProfile(trust.profile(claims));
  if (profile.emails.length === 0 && !trust.emailOptional && !linkTo)
    throw authError('email_address_not_provided', { message: 'The ID token has no email address' });
  const begin = (sql: Sql, user: User): Promise<Grant> => startSession(context, sql, user, 'oauth', caller);
  const { name, emailOptional } = trust;
  const grant = await (linkTo
    ? againOnRivalry(() =>
        context.db.transaction(async (sql) =>
          begin(sql, await linkToUser(context, sql, linkTo.user.id, name, profile, caller.ip ?? '')),
        ),
      )
    : enter(context, caller, { provider: name, profile, emailOptional, challenge: undefined }, begin));
  if (linkTo) await notifyLinked(context, linkTo.user.id, name);
  return signedIn(context, grant);
}

async function findTrust(context: AuthContext, request: IdTokenRequest): Promise<Trust> {
  const { settings } = context;
  const { issuer } = request;
  const name = request.provider.toLowerCase() || providerOfIssuer(issuer);
  const off = (): Error =>
    authError('provider_disabled', { message: `Provider (issuer ${JSON.stringify(issuer || name)}) is not enabled` });
  if (name.startsWith('custom:')) return (await customTrust(context, name)) ?? raise(off());
  if (isProviderName(name) && withIdTokens.has(name)) {
    if (!settings[`external_${name}`]) throw off();
    const provider = configuredProvider(settings, name, context.externalBase());
    const { base } = provider;
    const isApple = name === 'apple';
    const issuers = name === 'google' ? [base, new URL(base).host] : [base];
    return {
      name,
      audiences: [
        ...provider.clientIds,
        ...(isApple && settings.externalIosBundleId ? [settings.externalIosBundleId] : []),
      ],
      accepts: isApple
        ? isAppleIssuer
        : name === 'azure'
          ? (found) => isAzureIssuerFor(base, found)
          : (found) => issuers.includes(found),
      ...(name !== 'azure' && { keysOf: base }),
      byOperator: true,
      // Facebook's application library makes the nonce itself.
      skipNonce: provider.skipNonce || name === 'facebook',
      emailOptional: provider.emailOptional,
      profile: (claims) => profileOf(name, claims, base),
    };
  }
  if (request.provider !== '' || !settings.externalIdTokenIssuers.includes(issuer)) throw off();
  return {
    name: issuer,
    audiences: [request.clientId],
    accepts: (found) => found === issuer,
    keysOf: issuer,
    byOperator: true,
    skipNonce: false,
    emailOptional: false,
    profile: (claims) => claimsProfile(claims, issuer),
  };
}

function raise(error: Error): never {
  throw error;
}

/** The provider whose settings hold for an issuer that is named in place of a provider; the issuer itself for others. */
function providerOfIssuer(issuer: string): string {
  if (isAppleIssuer(issuer)) return 'apple';
  if (issuer === 'https://accounts.google.com') return 'google';
  if (isAzureIssuerFor('', issuer)) return 'azure';
  return issuer;
}

async function customTrust(context: AuthContext, name: string): Promise<Trust | undefined> {
  const row = context.settings.customOauthEnabled ? await getCustomProvider(context.db, name) : undefined;
  if (!row?.enabled || row.provider_type !== 'oidc' || !row.issuer) return undefined;
  const { issuer } = row;
  return {
    name,
    audiences: [row.client_id, ...row.acceptable_client_ids],
    accepts: (found) => found === issuer,
    keysOf: issuer,
    ...(row.discovery_url && { discoveryUrl: row.discovery_url }),
    byOperator: false,
    skipNonce: row.skip_nonce_check,
    emailOptional: row.email_optional,
    profile: (claims) => mappedProfile(row, claims),
  };
}

function profileOf(name: string, claims: Claims, base: string): Profile {
  if (name === 'azure') return azureClaims(claims, base);
  const profile = claimsProfile(claims, base);
  // Facebook hands out checked addresses only and says nothing about it.
  return name === 'facebook' ? { ...profile, emails: oneEmail(textAt(claims, 'email'), true) } : profile;
}

async function verifiedClaims(context: AuthContext, trust: Trust, request: IdTokenRequest): Promise<Claims> {
  const found = unverifiedIssuer(request.idToken);
  if (!trust.accepts(found)) {
    if (found === '') throw badToken();
    throw invalid(`Detected issuer ${JSON.stringify(found.slice(0, 200))} is not an issuer of ${trust.name}`);
  }
  if (request.issuer !== '' && request.issuer !== found)
    throw invalid(`Detected issuer ${JSON.stringify(found.slice(0, 200))} does not match the issuer of the request`);
  let claims: Claims;
  try {
    const { accepts, keysOf, discoveryUrl, byOperator } = trust;
    claims = await context.oidc.verify(request.idToken, {
      accepts,
      byOperator,
      ...(keysOf && { keysOf }),
      ...(discoveryUrl && { discoveryUrl }),
    });
  } catch (error) {
    context.log.info({ err: error, provider: trust.name }, 'an ID token was refused');
    throw badToken(error);
  }
  if (textAt(claims, 'sub') === '') throw new OAuthError('invalid request', 'Missing sub claim in id_token');
  if (!audiencesOf(claims).some((audience) => trust.audiences.includes(audience)))
    throw new OAuthError('invalid request', 'Unacceptable audience in id_token');
  if (request.accessToken !== '' && claims.at_hash !== undefined && !isHashOf(request, claims.at_hash))
    throw badToken();
  return claims;
}

// OpenID Connect Core 1.0 §3.1.3.6: the left half of the access token's digest by the hash of the signing algorithm.
function isHashOf({ idToken, accessToken }: IdTokenRequest, hash: unknown): boolean {
  const header = JSON.parse(Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString('utf8')) as { alg?: string };
  const bits = /(256|384|512)$/.exec(header.alg ?? '')?.[1] ?? '512';
  const digest = createHash(`sha${bits}`).update(accessToken).digest();
  return (
    typeof hash === 'string' && equalInConstantTime(hash, digest.subarray(0, digest.length / 2).toString('base64url'))
  );
}

function assertNonce(trust: Trust, claims: Claims, nonce: string): void {
  if (trust.skipNonce) return;
  const kept = textAt(claims, 'nonce');
  if ((kept === '') !== (nonce === ''))
    throw new OAuthError('invalid request', 'Passed nonce and nonce in id_token should either both exist or not.');
  if (nonce !== '' && !equalInConstantTime(createHash('sha256').update(nonce).digest('hex'), kept))
    throw new OAuthError('invalid nonce', 'Nonces mismatch');
}
