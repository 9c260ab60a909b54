import { randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import {
  type ExternalFlowRow,
  finishSsoFlow,
  insertExternalFlow,
  ssoMethod as method,
  takeExternalFlow,
  useOnce,
} from '../../sql/flow-states.ts';
import type { Sql, User } from '../../sql/rows.ts';
import {
  findSsoProvider,
  findSsoProviderByDomain,
  findSsoProviderByEntity,
  insertRelayState,
  type RelayState,
  type SsoProvider,
  takeRelayState,
} from '../../sql/sso.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { isBound } from '../external/binding.ts';
import { enter } from '../external/enter.ts';
import { onceKey } from '../external/once.ts';
import type { Profile } from '../external/profile.ts';
import { instantAt, millisecondsOf } from '../instant.ts';
import type { CodeChallenge } from '../pkce.ts';
import { withCode, withTokens } from '../redirect-answer.ts';
import { type Grant, signedIn, startSession } from '../session/issue.ts';
import { isUuid } from '../uuid.ts';
import { type AttributeMapping, emailOf, mappedClaims, type SamlAssertion, userIdOf } from './assertion.ts';
import { currentMetadata } from './providers.ts';
import { type Saml, samlOf } from './service.ts';

/** Who wants to sign in where; one of provider and domain. */
export interface SsoRequest {
  readonly providerId: string;
  readonly domain: string;
  readonly challenge: CodeChallenge | undefined;
}

/**
 * Begins a sign-in with an identity provider.
 *
 * @param browser host that a browser asked, where one does; undefined for programs
 * @returns the provider's address, where the browser goes, and a cookie for it
 */
export async function beginSso(
  context: AuthContext,
  caller: Caller,
  request: SsoRequest,
  browser: string | undefined,
): Promise<{ readonly location: string; readonly cookie?: string }> {
  const saml = samlOf(context);
  const { providerId, domain, challenge } = request;
  if (providerId !== '' && domain !== '') throw invalid('Only one of provider_id or domain supported');
  if (providerId === '' && domain === '') throw invalid('A provider_id or domain needs to be provided');
  const provider =
    domain !== ''
      ? await findSsoProviderByDomain(context.db, domain)
      : isUuid(providerId)
        ? await findSsoProvider(context.db, providerId)
        : undefined;
  if (!provider) throw authError('sso_provider_not_found');
  if (provider.disabled) throw authError('sso_provider_disabled');
  const idp = await currentMetadata(context, provider);
  const acs = new URL(saml.party().acsUrl);
  // Identity providers answer by a form from their own site, with which no other cookie comes.
  const isOfBrowser = browser === acs.host && acs.protocol === 'https:' && context.settings.bindSignIns !== 'off';
  const relayId = context.binding.newState(isOfBrowser && !challenge);
  const flowId = challenge ? randomUUID() : null;
  // An XML ID begins with a letter or underscore.
  const requestId = `id-${randomUUID()}`;
  const now = nowOf(context);
  await context.db.transaction(async (sql) => {
    if (flowId !== null)
      await insertExternalFlow(
        sql,
        {
          id: flowId,
          provider: provider.id,
          method,
          challenge,
          referrer: caller.redirectTo,
          inviteToken: '',
          clientStateId: null,
          linkingTargetId: null,
          emailOptional: false,
        },
        now,
      );
    const relay = {
      sso_provider_id: provider.id,
      request_id: requestId,
      redirect_to: caller.redirectTo,
      flow_state_id: flowId,
    };
    await insertRelayState(sql, relayId, relay, now);
  });
  const location = await saml.protocol.requestUrl(saml.party(), idp, requestId, relayId, provider.saml.name_id_format);
  return { location, ...(isBound(relayId) && { cookie: context.binding.cookieFor(relayId, acs) }) };
}

/** What an answer belongs to: a request of ours, or none where the identity provider began. */
interface Context {
  readonly provider: SsoProvider;
  readonly requestId: string | undefined;
  readonly redirectTo: string;
  readonly flowStateId: string | null;
}

/**
 * Takes an identity provider's answer.
 *
 * @param answer base64 of the XML; a reference in its place (HTTP-Artifact) is refused
 * @param relayState ours, or an allowed address where the identity provider began
 * @param cookies header of the request
 * @returns where the browser goes
 */
export async function acceptResponse(
  context: AuthContext,
  caller: Caller,
  answer: { readonly response: string; readonly artifact: string },
  relayState: string,
  cookies: string | undefined,
): Promise<string> {
  const saml = samlOf(context);
  const { response, artifact } = answer;
  if (response === '' && artifact !== '') throw invalid('SAML artifacts are not supported, answers come by HTTP-POST');
  if (response === '') throw invalid('SAMLResponse is missing');
  // Asked before the state is used up: whoever began may still finish.
  if (!context.binding.fits(relayState, cookies)) throw authError('saml_relay_state_not_found');
  const given = await findContext(context, response, relayState);
  if (context.settings.bindSignIns === 'all' && !isBound(relayState) && given.flowStateId === null)
    throw authError('saml_relay_state_not_found', {
      message: 'SAML sign-ins have to end in the browser they began in',
    });
  const { provider } = given;
  if (provider.disabled) throw authError('sso_provider_disabled');
  const assertion = await verified(context, saml, given, response);
  const mapping = (provider.saml.attribute_mapping ?? {}) as AttributeMapping;
  const profile: Profile = {
    subject: userIdOf(assertion),
    issuer: assertion.issuer,
    emails: [{ email: emailOf(assertion, mapping), verified: true, primary: true }],
    custom: mappedClaims(assertion, mapping),
  };
  const key = onceKey('saml', assertion.issuer, assertion.id);
  const name = `sso:${provider.id}`;
  const target = { ...caller, redirectTo: given.redirectTo };
  const outcome = await enter(
    context,
    target,
    { provider: name, profile, emailOptional: false, challenge: undefined },
    async (sql, user): Promise<Grant | string> => {
      if (!(await useOnce(sql, key, method, nowOf(context)))) throw refusal('the assertion was used before');
      if (given.flowStateId !== null) return finishFlow(context, sql, user, given.flowStateId, sessionEnd(assertion));
      return startSession(context, sql, user, method, target, { notAfter: sessionEnd(assertion) });
    },
  );
  if (typeof outcome === 'string') return withCode(given.redirectTo, outcome);
  const { body } = await signedIn(context, outcome);
  return withTokens(given.redirectTo, body);
}

async function verified(context: AuthContext, saml: Saml, given: Context, response: string): Promise<SamlAssertion> {
  const party = saml.party();
  let assertion: SamlAssertion;
  try {
    assertion = await saml.protocol.readResponse(party, await currentMetadata(context, given.provider), response);
  } catch (error) {
    throw refusal((error as Error).message, error);
  }
  assertMeant(assertion, given, party.acsUrl, context.clock.now());
  return assertion;
}

const refusal = (reason: string, cause?: unknown): Error =>
  authError('validation_failed', { message: `SAML Assertion is not valid: ${reason}`, cause });

async function findContext(context: AuthContext, response: string, relayState: string): Promise<Context> {
  if (isUuid(relayState)) {
    const relay = await takeRelayState(context.db, relayState);
    if (!relay) throw authError('saml_relay_state_not_found');
    return ofRelay(context, relay);
  }
  const issuer = await samlOf(context).protocol.claimedIssuer(response);
  const provider = issuer === '' ? undefined : await findSsoProviderByEntity(context.db, issuer);
  if (!provider) throw authError('saml_idp_not_found');
  return {
    provider,
    requestId: undefined,
    redirectTo: context.redirects.choose([relayState || undefined]),
    flowStateId: null,
  };
}

async function ofRelay(context: AuthContext, relay: RelayState): Promise<Context> {
  if (millisecondsOf(relay.created_at) + context.settings.samlRelayState < context.clock.now())
    throw authError('saml_relay_state_expired');
  const provider = await findSsoProvider(context.db, relay.sso_provider_id);
  if (!provider) throw authError('sso_provider_not_found');
  return {
    provider,
    requestId: relay.request_id,
    redirectTo: relay.redirect_to || context.settings.siteUrl,
    flowStateId: relay.flow_state_id,
  };
}

// SAML 2.0 Profiles §4.1.4.3: the bearer's confirmation has to name this address, be in time, and answer this request;
// an answer that nobody has asked for must not pretend to be one.
function assertMeant(assertion: SamlAssertion, { provider, requestId }: Context, acsUrl: string, now: number): void {
  if (assertion.issuer !== provider.saml.entity_id) throw refusal('it is of another issuer');
  if (assertion.id === '') throw refusal('it has no ID');
  const isMeant = assertion.confirmations.some(
    ({ recipient, notOnOrAfter, inResponseTo }) =>
      recipient === acsUrl && Date.parse(notOnOrAfter) + 60_000 > now && inResponseTo === (requestId ?? ''),
  );
  if (!isMeant) throw refusal('no confirmation of its subject is meant for this request');
}

function sessionEnd({ sessionEnd: end }: SamlAssertion): string | null {
  const time = Date.parse(end);
  return Number.isNaN(time) ? null : instantAt(time);
}

async function finishFlow(
  context: AuthContext,
  sql: Sql,
  user: User,
  flowId: string,
  end: string | null,
): Promise<string> {
  const flow: ExternalFlowRow | 'used' | undefined = await takeExternalFlow(sql, flowId, method, nowOf(context));
  if (!flow || flow === 'used') throw authError('flow_state_not_found');
  const code = randomUUID();
  await finishSsoFlow(sql, flowId, user.id, code, end, nowOf(context));
  return code;
}
