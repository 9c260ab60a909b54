import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityRow, User } from '../../sql/rows.ts';
import { scopesOf } from './authorize.ts';
import { audiencesOf, readTokens } from './client.ts';
import { at, flagAt, listAt, textAt } from './json.ts';
import { decideAccount, type LinkingFacts, linkingDomains, verifiedAddresses } from './linking.ts';
import { unverifiedIssuer } from './oidc.ts';
import { asProfile, candidateEmail, identityClaims, oneEmail } from './profile.ts';
import { azureTenant, isAzureEmailVerified, isAzureIssuerFor } from './token-profiles.ts';
import { signRequest } from './twitter.ts';

const userWith = (id: string, ...identities: Partial<IdentityRow>[]): User => ({ id, identities }) as unknown as User;
const facts = (changes: Partial<LinkingFacts> = {}): LinkingFacts => ({
  provider: 'github',
  subject: '1',
  emails: oneEmail('a@b.test', true),
  holder: undefined,
  sameAddress: [],
  domainOf: () => undefined,
  isTaken: false,
  ...changes,
});

describe('whose account', () => {
  it('an identity that is known decides before any address', () => {
    const holder = userWith('u', { provider: 'github', provider_id: '1' });
    expect(decideAccount(facts({ holder, sameAddress: [userWith('v')] }))).toMatchObject({
      kind: 'known',
      user: { id: 'u' },
    });
  });

  it('one account with a checked address is joined, several are too many', () => {
    expect(decideAccount(facts({ sameAddress: [userWith('v')] }))).toMatchObject({ kind: 'link', user: { id: 'v' } });
    expect(decideAccount(facts({ sameAddress: [userWith('v'), userWith('w')] }))).toEqual({ kind: 'ambiguous' });
  });

  it.each(['sso:0f0f', 'web3'])('%s keeps to itself', (provider) => {
    expect(decideAccount(facts({ provider, sameAddress: [userWith('v')] }))).toMatchObject({ kind: 'create' });
  });

  it('accounts of another linking domain are not joined', () => {
    const domainOf = linkingDomains({
      ownDomainProviders: ['github'],
      providerDomains: ['azure:corp', 'custom:hr:corp', 'google:default'],
    });
    expect(['github', 'azure', 'custom:hr', 'google', 'email'].map(domainOf)).toEqual([
      'github',
      'corp',
      'corp',
      undefined,
      undefined,
    ]);
    const identity = (provider: string, verified = true) => ({
      provider,
      provider_id: 'other',
      email: 'a@b.test',
      identity_data: { email_verified: verified },
    });
    const byMail = userWith('mail', identity('email'));
    const bare = userWith('bare');
    const corp = userWith('corp', identity('azure'));
    const kindFor = (provider: string, ...sameAddress: User[]) => {
      const decision = decideAccount(facts({ domainOf, provider, sameAddress }));
      return decision.kind === 'link' ? decision.user.id : decision.kind;
    };
    expect(kindFor('github', byMail, bare, corp)).toBe('create');
    expect(kindFor('google', byMail, corp)).toBe('mail');
    expect(kindFor('google', bare, corp)).toBe('bare');
    expect(kindFor('google', corp)).toBe('create');
    expect(kindFor('custom:hr', byMail, bare, corp)).toBe('corp');
    expect(kindFor('custom:hr', userWith('unchecked', identity('azure', false)))).toBe('create');
  });

  it('an address somebody has is not given to a new account', () => {
    expect(decideAccount(facts({ isTaken: true }))).toEqual({ kind: 'create', email: undefined });
  });

  it('only what the provider has checked is looked for', () => {
    const email = fc.record({ email: fc.emailAddress(), verified: fc.boolean(), primary: fc.boolean() });
    fc.assert(
      fc.property(fc.array(email), (emails) => {
        const found = verifiedAddresses(emails);
        for (const address of found)
          expect(emails.some((e) => e.verified && e.email.toLowerCase() === address)).toBe(true);
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });
});

describe('profiles', () => {
  it('that name nobody are refused', () => {
    expect(() => asProfile({ subject: '', issuer: 'i', emails: [] })).toThrow('did not say who');
  });

  it('have tidy addresses', () => {
    const emails = [
      { email: ' A@B.Test ', verified: true, primary: true },
      { email: '', verified: true, primary: false },
      { email: 'no address', verified: true, primary: false },
    ];
    expect(asProfile({ subject: '1', issuer: '', emails }).emails).toEqual([
      { email: 'a@b.test', verified: true, primary: true },
    ]);
  });

  it('prefer the primary address, then a checked one', () => {
    const [a, b] = [
      { email: 'a', verified: false, primary: false },
      { email: 'b', verified: true, primary: false },
    ];
    expect(candidateEmail([a, b])).toBe(b);
    expect(candidateEmail([a, b, { ...a, primary: true }])?.primary).toBe(true);
    expect(candidateEmail([])).toBeUndefined();
  });

  it('become claims without empty ones', () => {
    const claims = identityClaims({ subject: '1', issuer: '', emails: [], name: '', custom: { a: '', b: undefined } });
    expect(claims).toEqual({ sub: '1', provider_id: '1', email_verified: false, phone_verified: false });
  });
});

describe('answers of any shape', () => {
  it('are read without an exception, and never from a prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (json, path) => {
        textAt(json, path);
        flagAt(json, path);
        listAt(json, path);
      }),
    );
    expect(at({}, 'constructor.name')).toBeUndefined();
    expect(textAt({ a: [{ b: 3 }] }, 'a.0.b')).toBe('3');
    expect(flagAt({ a: 'yes' }, 'a')).toBe(false);
  });

  it('of token endpoints are JSON or a form, and failures whatever the status', () => {
    expect(readTokens(200, '{"access_token":"a","id_token":"i"}')).toMatchObject({ accessToken: 'a', idToken: 'i' });
    expect(readTokens(200, 'access_token=a&refresh_token=r')).toMatchObject({ accessToken: 'a', refreshToken: 'r' });
    for (const [status, body] of [
      [200, '{"error":"bad"}'],
      [400, '{"access_token":"a"}'],
      [200, ''],
      [200, '[]'],
      [200, 'null'],
      [200, '{"access_token":7,"error":"x"}'],
    ] as const)
      expect(() => readTokens(status, body)).toThrow('token endpoint');
  });

  it('audiences are one or many', () => {
    expect(audiencesOf({ aud: 'a' })).toEqual(['a']);
    expect(audiencesOf({ aud: ['a', 1, ''] })).toEqual(['a']);
    expect(audiencesOf({})).toEqual([]);
  });

  it('the issuer of anything is a text', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof unverifiedIssuer(text) === 'string'));
  });
});

it('scopes are added, each once', () => {
  expect(scopesOf(['a', 'b'], 'c,a  d,,b')).toBe('a b c d');
});

describe('Microsoft', () => {
  const tenant = '11111111-2222-4333-8444-555555555555';
  const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`;

  it.each([
    `http://login.microsoftonline.com/${tenant}/v2.0`,
    `${issuer}x`,
    `x${issuer}`,
    `https://login.microsoftonline.com/${tenant}/../v2.0`,
    'https://login.microsoftonline.com/common/v2.0',
    `https://login-microsoftonline.com/${tenant}/v2.0`,
    `https://loginXmicrosoftonline.com/${tenant}/v2.0`,
    `https://a.b.ciamlogin.com/${tenant}/v2.0`,
  ])('%s is none of its issuers', (text) => {
    expect(azureTenant(text)).toBeUndefined();
  });

  it('one tenant speaks for itself', () => {
    expect(azureTenant(issuer)).toBe(tenant);
    expect(azureTenant(`https://corp.ciamlogin.com/${tenant}/v2.0`)).toBe(tenant);
    const base = (name: string) => `https://login.microsoftonline.com/${name}`;
    expect(isAzureIssuerFor(base('common'), issuer)).toBe(true);
    expect(isAzureIssuerFor(base(tenant), issuer)).toBe(true);
    expect(isAzureIssuerFor(base('99999999-2222-4333-8444-555555555555'), issuer)).toBe(false);
  });

  it('addresses count where Microsoft or the operator vouches', () => {
    const common = 'https://login.microsoftonline.com/common';
    expect(isAzureEmailVerified({ iss: issuer }, common)).toBe(false);
    expect(isAzureEmailVerified({ iss: issuer }, `https://login.microsoftonline.com/${tenant}`)).toBe(true);
    expect(isAzureEmailVerified({ iss: issuer, xms_edov: true }, common)).toBe(true);
    expect(isAzureEmailVerified({ iss: issuer, xms_edov: false }, `https://login.microsoftonline.com/${tenant}`)).toBe(
      false,
    );
    const personal = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0';
    expect(isAzureEmailVerified({ iss: personal }, common)).toBe(true);
  });
});

it('signs as the example of Twitter’s documentation', () => {
  const header = signRequest(
    'POST',
    'https://api.twitter.com/1.1/statuses/update.json?include_entities=true&status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21',
    {
      consumerKey: 'xvz1evFS4wEEPTGEFPHBog',
      consumerSecret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
      token: {
        token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb',
        secret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
      },
    },
    {},
    1_318_622_958,
    'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg',
  );
  expect(/oauth_signature="([^"]+)"/.exec(header)?.[1]).toBe(encodeURIComponent('hCtSmYh+iHYCEqBWrE7C7hYmtUk='));
});
