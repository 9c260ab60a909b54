import { createHmac } from 'node:crypto';
import type { ExternalProviderName } from '../settings/external.ts';
import { at, flagAt, type Json, listAt, textAt } from './json.ts';
import { oneEmail, type Profile, type ProviderEmail } from './profile.ts';
import type { ProfileSource } from './provider.ts';
import { azureProfile, claimsProfile, isAppleIssuer } from './token-profiles.ts';

/** What is known of a provider beforehand. */
export interface ProviderRow {
  /** Base of pages and, unless `api` says otherwise, of everything else; empty where a setting has to name it. */
  readonly base: string;
  readonly api?: string;
  /** Put behind a base URL from the settings for the API (GitHub Enterprise). */
  readonly ownApiPath?: string;
  readonly authorize: string;
  readonly token: string;
  /** The token endpoint is one of the API. */
  readonly tokenOnApi?: true;
  readonly scopes: readonly string[];
  readonly clientAuth?: 'basic';
  readonly pkce?: true;
  readonly oauth1?: true;
  readonly extra?: Readonly<Record<string, string>>;
  /** The provider has no addresses of its users. */
  readonly withoutEmail?: true;
  readonly profile: (source: ProfileSource) => Promise<Profile>;
}

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');

/** A row's profile that is one request and one mapping. */
const by =
  (path: string, map: (json: Json, source: ProfileSource) => Profile, headers?: Readonly<Record<string, string>>) =>
  async (source: ProfileSource): Promise<Profile> =>
    map(await source.get(path, headers), source);

const oidcUserinfo = (path: string) => by(path, (json, { provider }) => claimsProfile(json, provider.base));

/** The providers, by name. Addresses and shapes are those of the providers' own documentation. */
export const providerRows: Readonly<Record<ExternalProviderName, ProviderRow>> = {
  apple: {
    base: 'https://appleid.apple.com',
    authorize: '/auth/authorize',
    token: '/auth/token',
    scopes: ['email', 'name'],
    extra: { response_mode: 'form_post' },
    profile: async (source) => claimsProfile(await source.idToken(isAppleIssuer, source.provider.base), ''),
  },
  azure: {
    base: 'https://login.microsoftonline.com/common',
    authorize: '/oauth2/v2.0/authorize',
    token: '/oauth2/v2.0/token',
    scopes: ['openid'],
    extra: { prompt: 'select_account' },
    profile: azureProfile,
  },
  bitbucket: {
    base: 'https://bitbucket.org',
    api: 'https://api.bitbucket.org',
    authorize: '/site/oauth2/authorize',
    token: '/site/oauth2/access_token',
    scopes: ['account', 'email'],
    clientAuth: 'basic',
    async profile({ get, provider }) {
      const user = await get('/2.0/user');
      const emails = listAt(await get('/2.0/user/emails'), 'values').map((entry) => ({
        email: textAt(entry, 'email'),
        verified: flagAt(entry, 'is_confirmed'),
        primary: flagAt(entry, 'is_primary'),
      }));
      return {
        subject: textAt(user, 'uuid'),
        issuer: provider.api,
        emails,
        name: textAt(user, 'display_name'),
        preferredUserName: textAt(user, 'username'),
        picture: textAt(user, 'links.avatar.href'),
      };
    },
  },
  discord: {
    base: 'https://discord.com',
    authorize: '/api/oauth2/authorize',
    token: '/api/oauth2/token',
    scopes: ['email', 'identify'],
    profile: by('/api/users/@me', (user, { provider }) => ({
      subject: textAt(user, 'id'),
      issuer: `${provider.base}/api`,
      emails: oneEmail(textAt(user, 'email'), flagAt(user, 'verified')),
      name: discordName(user),
      picture: discordAvatar(user),
      custom: { global_name: textAt(user, 'global_name') },
    })),
  },
  facebook: {
    base: 'https://www.facebook.com',
    api: 'https://graph.facebook.com',
    authorize: '/dialog/oauth',
    token: '/oauth/access_token',
    tokenOnApi: true,
    scopes: ['email'],
    async profile({ get, tokens, provider }) {
      const proof = createHmac('sha256', provider.secret).update(tokens.accessToken).digest('hex');
      const user = await get(`/me?fields=email,first_name,last_name,name,picture&appsecret_proof=${proof}`);
      return {
        subject: textAt(user, 'id'),
        issuer: provider.api,
        emails: oneEmail(textAt(user, 'email'), true),
        name: textAt(user, 'name') || joined(textAt(user, 'first_name'), textAt(user, 'last_name')),
        userName: textAt(user, 'alias'),
        picture: textAt(user, 'picture.data.url'),
      };
    },
  },
  figma: {
    base: 'https://www.figma.com',
    api: 'https://api.figma.com',
    authorize: '/oauth',
    token: '/v1/oauth/token',
    tokenOnApi: true,
    clientAuth: 'basic',
    scopes: ['current_user:read'],
    profile: by('/v1/me', (user, { provider }) => ({
      subject: textAt(user, 'id'),
      issuer: provider.api,
      emails: oneEmail(textAt(user, 'email'), true),
      name: textAt(user, 'handle'),
      picture: textAt(user, 'img_url'),
    })),
  },
  fly: {
    base: 'https://api.fly.io',
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    scopes: ['read'],
    profile: by('/oauth/token/info', (user, { provider }) => ({
      subject: textAt(user, 'user_id'),
      issuer: provider.api,
      emails: oneEmail(textAt(user, 'email'), true),
      name: textAt(user, 'user_name'),
      custom: {
        resource_owner_id: textAt(user, 'resource_owner_id'),
        organizations: listAt(user, 'organizations'),
      },
    })),
  },
  github: {
    base: 'https://github.com',
    api: 'https://api.github.com',
    ownApiPath: '/api/v3',
    authorize: '/login/oauth/authorize',
    token: '/login/oauth/access_token',
    scopes: ['user:email'],
    async profile({ get, provider }) {
      const user = await get('/user');
      const emails = listAt(await get('/user/emails'), '').map((entry) => ({
        email: textAt(entry, 'email'),
        verified: flagAt(entry, 'verified'),
        primary: flagAt(entry, 'primary'),
      }));
      return {
        subject: textAt(user, 'id'),
        issuer: provider.api,
        emails,
        name: textAt(user, 'name'),
        userName: textAt(user, 'login'),
        preferredUserName: textAt(user, 'login'),
        picture: textAt(user, 'avatar_url'),
      };
    },
  },
  gitlab: {
    base: 'https://gitlab.com',
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    scopes: ['read_user'],
    async profile({ get, provider }) {
      const user = await get('/api/v4/user');
      const primary = textAt(user, 'email');
      // GitLab tells of the primary address only whether it was confirmed.
      const others = listAt(await get('/api/v4/user/emails'), '')
        .map((entry): ProviderEmail => ({ email: textAt(entry, 'email'), verified: false, primary: false }))
        .filter(({ email }) => email !== primary);
      return {
        subject: textAt(user, 'id'),
        issuer: provider.api,
        emails: [...oneEmail(primary, textAt(user, 'confirmed_at') !== ''), ...others],
        name: textAt(user, 'name'),
        userName: textAt(user, 'username'),
        preferredUserName: textAt(user, 'username'),
        picture: textAt(user, 'avatar_url'),
      };
    },
  },
  google: {
    base: 'https://accounts.google.com',
    api: 'https://www.googleapis.com',
    authorize: '/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    scopes: ['email', 'profile'],
    async profile(source) {
      const { base } = source.provider;
      if (source.tokens.idToken) {
        const claims = await source.idToken((issuer) => [base, new URL(base).host].includes(issuer), base);
        return claimsProfile(claims, base, { hd: textAt(claims, 'hd') });
      }
      const user = await source.get('/userinfo/v2/me');
      return {
        subject: textAt(user, 'id'),
        issuer: `${source.provider.api}/userinfo/v2`,
        emails: oneEmail(textAt(user, 'email'), flagAt(user, 'verified_email')),
        name: textAt(user, 'name'),
        picture: textAt(user, 'picture'),
        custom: { hd: textAt(user, 'hd') },
      };
    },
  },
  kakao: {
    base: 'https://kauth.kakao.com',
    api: 'https://kapi.kakao.com',
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    scopes: ['account_email', 'profile_image', 'profile_nickname'],
    profile: by('/v2/user/me', (user, { provider }) => ({
      subject: textAt(user, 'id'),
      issuer: provider.api,
      emails: oneEmail(
        textAt(user, 'kakao_account.email'),
        flagAt(user, 'kakao_account.is_email_verified') && flagAt(user, 'kakao_account.is_email_valid'),
      ),
      name: textAt(user, 'kakao_account.profile.nickname'),
      preferredUserName: textAt(user, 'kakao_account.profile.nickname'),
      userName: textAt(user, 'kakao_account.profile.nickname'),
      picture: textAt(user, 'kakao_account.profile.profile_image_url'),
    })),
  },
  keycloak: {
    base: '',
    authorize: '/protocol/openid-connect/auth',
    token: '/protocol/openid-connect/token',
    scopes: ['profile', 'email'],
    profile: oidcUserinfo('/protocol/openid-connect/userinfo'),
  },
  linkedin: {
    base: 'https://api.linkedin.com',
    authorize: '/oauth/v2/authorization',
    token: '/oauth/v2/accessToken',
    scopes: ['r_emailaddress', 'r_liteprofile'],
    async profile({ get, provider }) {
      const user = await get('/v2/me?projection=(id,firstName,lastName,profilePicture(displayImage~:playableStreams))');
      const addresses = await get('/v2/emailAddress?q=members&projection=(elements*(handle~))');
      const pictures = listAt(at(user, 'profilePicture'), 'displayImage~.elements');
      return {
        subject: textAt(user, 'id'),
        issuer: provider.api,
        emails: oneEmail(textAt(listAt(addresses, 'elements')[0], 'handle~.emailAddress'), true),
        name: joined(localized(user, 'firstName'), localized(user, 'lastName')),
        picture: textAt(listAt(pictures[0], 'identifiers')[0], 'identifier'),
      };
    },
  },
  linkedin_oidc: {
    base: 'https://www.linkedin.com',
    api: 'https://api.linkedin.com',
    authorize: '/oauth/v2/authorization',
    token: '/oauth/v2/accessToken',
    scopes: ['openid', 'email', 'profile'],
    profile: by('/v2/userinfo', (json, { provider }) => claimsProfile(json, `${provider.base}/oauth`)),
  },
  notion: {
    base: 'https://api.notion.com',
    authorize: '/v1/oauth/authorize',
    token: '/v1/oauth/token',
    clientAuth: 'basic',
    scopes: [],
    extra: { owner: 'user' },
    profile: by(
      '/v1/users/me',
      (user, { provider }) => ({
        subject: textAt(user, 'bot.owner.user.id'),
        issuer: provider.api,
        emails: oneEmail(textAt(user, 'bot.owner.user.person.email'), true),
        name: textAt(user, 'bot.owner.user.name'),
        picture: textAt(user, 'bot.owner.user.avatar_url'),
      }),
      { 'notion-version': '2021-08-16' },
    ),
  },
  slack: {
    base: 'https://slack.com',
    authorize: '/oauth/authorize',
    token: '/api/oauth.access',
    scopes: ['profile', 'email', 'openid'],
    profile: by('/api/openid.connect.userInfo', (user, { provider }) => slackProfile(user, provider.base, true)),
  },
  slack_oidc: {
    base: 'https://slack.com',
    authorize: '/openid/connect/authorize',
    token: '/api/openid.connect.token',
    scopes: ['profile', 'email', 'openid'],
    profile: by('/api/openid.connect.userInfo', (user, { provider }) =>
      slackProfile(user, provider.base, flagAt(user, 'email_verified')),
    ),
  },
  snapchat: {
    base: 'https://accounts.snapchat.com',
    api: 'https://kit.snapchat.com',
    authorize: '/accounts/oauth2/auth',
    token: '/accounts/oauth2/token',
    scopes: [
      'https://auth.snapchat.com/oauth2/api/user.external_id',
      'https://auth.snapchat.com/oauth2/api/user.display_name',
      'https://auth.snapchat.com/oauth2/api/user.bitmoji.avatar',
    ],
    withoutEmail: true,
    profile: by(
      `/v1/me?query=${encodeURIComponent('{me{externalId displayName bitmoji{avatar id}}}')}`,
      (user, { provider }) => ({
        subject: textAt(user, 'data.me.externalId'),
        issuer: provider.api,
        emails: [],
        name: textAt(user, 'data.me.displayName'),
        picture: textAt(user, 'data.me.bitmoji.avatar'),
      }),
    ),
  },
  spotify: {
    base: 'https://accounts.spotify.com',
    api: 'https://api.spotify.com',
    authorize: '/authorize',
    token: '/api/token',
    clientAuth: 'basic',
    scopes: ['user-read-email'],
    profile: by('/v1/me', (user, { provider }) => ({
      subject: textAt(user, 'id'),
      issuer: provider.api,
      // Spotify does not check addresses.
      emails: oneEmail(textAt(user, 'email'), false),
      name: textAt(user, 'display_name'),
      picture: textAt(listAt(user, 'images')[0], 'url'),
    })),
  },
  twitch: {
    base: 'https://id.twitch.tv',
    api: 'https://api.twitch.tv',
    authorize: '/oauth2/authorize',
    token: '/oauth2/token',
    scopes: ['user:read:email'],
    async profile({ get, provider }) {
      const answer = await get('/helix/users', { 'client-id': provider.clientIds[0] ?? '' });
      const user = listAt(answer, 'data')[0];
      return {
        subject: textAt(user, 'id'),
        issuer: provider.api,
        emails: oneEmail(textAt(user, 'email'), true),
        name: textAt(user, 'login'),
        userName: textAt(user, 'login'),
        preferredUserName: textAt(user, 'login'),
        picture: textAt(user, 'profile_image_url'),
        custom: {
          broadcaster_type: textAt(user, 'broadcaster_type'),
          description: textAt(user, 'description'),
          display_name: textAt(user, 'display_name'),
          type: textAt(user, 'type'),
        },
      };
    },
  },
  twitter: {
    base: 'https://api.twitter.com',
    authorize: '/oauth/authenticate',
    token: '/oauth/access_token',
    scopes: [],
    oauth1: true,
    profile: by('/1.1/account/verify_credentials.json?include_email=true', (user, { provider }) => ({
      subject: textAt(user, 'id_str'),
      issuer: provider.api,
      emails: oneEmail(textAt(user, 'email'), true),
      name: textAt(user, 'name'),
      userName: textAt(user, 'screen_name'),
      preferredUserName: textAt(user, 'screen_name'),
      picture: textAt(user, 'profile_image_url_https'),
    })),
  },
  vercel_marketplace: {
    base: 'https://marketplace.vercel.com',
    authorize: '',
    token: '',
    scopes: ['openid', 'email', 'profile'],
    profile: async (source) => {
      const { base } = source.provider;
      return claimsProfile(await source.idToken((issuer) => issuer === base, base), base);
    },
  },
  workos: {
    base: 'https://api.workos.com',
    authorize: '/sso/authorize',
    token: '/sso/token',
    scopes: [],
    // The profile comes with the tokens.
    profile: async ({ tokens, provider }) => ({
      subject: textAt(tokens.raw, 'profile.id'),
      issuer: provider.api,
      emails: oneEmail(textAt(tokens.raw, 'profile.email'), true),
      name: joined(textAt(tokens.raw, 'profile.first_name'), textAt(tokens.raw, 'profile.last_name')),
      custom: {
        connection_id: textAt(tokens.raw, 'profile.connection_id'),
        organization_id: textAt(tokens.raw, 'profile.organization_id'),
      },
    }),
  },
  x: {
    base: 'https://x.com',
    api: 'https://api.x.com',
    authorize: '/i/oauth2/authorize',
    token: '/2/oauth2/token',
    tokenOnApi: true,
    clientAuth: 'basic',
    pkce: true,
    scopes: ['users.email', 'tweet.read', 'users.read', 'offline.access'],
    profile: by('/2/users/me?user.fields=id,name,username,profile_image_url,confirmed_email', (user, { provider }) => ({
      subject: textAt(user, 'data.id'),
      issuer: provider.api,
      emails: oneEmail(textAt(user, 'data.confirmed_email'), true),
      name: textAt(user, 'data.name'),
      userName: textAt(user, 'data.username'),
      preferredUserName: textAt(user, 'data.username'),
      picture: textAt(user, 'data.profile_image_url'),
    })),
  },
  zoom: {
    base: 'https://zoom.us',
    api: 'https://api.zoom.us',
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    clientAuth: 'basic',
    scopes: [],
    profile: by('/v2/users/me', (user, { provider }) => ({
      subject: textAt(user, 'id'),
      issuer: provider.api,
      emails: oneEmail(textAt(user, 'email'), flagAt(user, 'verified')),
      name: joined(textAt(user, 'first_name'), textAt(user, 'last_name')),
      picture: textAt(user, 'pic_url'),
    })),
  },
};

// Accounts made before 2023 carry a number behind the name.
function discordName(user: Json): string {
  const [name, number] = [textAt(user, 'username'), textAt(user, 'discriminator')];
  return number === '' || name === '' ? name : `${name}#${number}`;
}

function discordAvatar(user: Json): string {
  const [id, avatar] = [textAt(user, 'id'), textAt(user, 'avatar')];
  if (avatar === '')
    return `https://cdn.discordapp.com/embed/avatars/${Number(textAt(user, 'discriminator')) % 5 || 0}.png`;
  return `https://cdn.discordapp.com/avatars/${id}/${avatar}.${avatar.startsWith('a_') ? 'gif' : 'png'}`;
}

function localized(user: Json, key: string): string {
  const language = textAt(user, `${key}.preferredLocale.language`);
  const country = textAt(user, `${key}.preferredLocale.country`);
  return textAt(user, `${key}.localized.${language}_${country}`);
}

const slackProfile = (user: Json, base: string, verified: boolean): Profile => ({
  subject: textAtKey(user, 'https://slack.com/user_id') || textAt(user, 'sub'),
  issuer: `${base}/api`,
  emails: oneEmail(textAt(user, 'email'), verified),
  name: textAt(user, 'name'),
  picture: textAt(user, 'picture'),
  custom: { 'https://slack.com/team_id': textAtKey(user, 'https://slack.com/team_id') },
});

// Slack's keys are URLs, whose dots are no path.
function textAtKey(json: Json, key: string): string {
  const value = (json as Readonly<Record<string, unknown>> | null)?.[key];
  return typeof value === 'string' ? value : '';
}
