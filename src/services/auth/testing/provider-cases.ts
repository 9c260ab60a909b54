import type { FakeIssuer } from './fake-web.ts';

/** One provider: where requests go, what it answers, and what becomes of it. */
export interface ProviderCase {
  /** Where browsers are sent. */
  readonly authorize: string;
  readonly token: string;
  readonly scope?: string;
  readonly basic?: true;
  /** Further parameters at the authorization endpoint. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Answers by address. */
  readonly web: Readonly<Record<string, object>>;
  readonly tokens?: () => Promise<object>;
  readonly subject: string;
  readonly email?: string;
  readonly verified?: boolean;
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Issuers of the providers that answer with ID tokens. */
export interface CaseIssuers {
  readonly apple: FakeIssuer;
  readonly azure: FakeIssuer;
  readonly google: FakeIssuer;
  readonly vercel: FakeIssuer;
  /** Tenant of the Azure issuer. */
  readonly tenant: string;
}

/** Every built-in provider but Twitter; answers are shaped as the providers' documentation shows them. */
export const providerCases = ({
  apple,
  azure,
  google,
  vercel,
  tenant,
}: CaseIssuers): Readonly<Record<string, ProviderCase>> => ({
  apple: {
    authorize: 'https://appleid.apple.com/auth/authorize',
    token: 'https://appleid.apple.com/auth/token',
    scope: 'email name',
    extra: { response_mode: 'form_post' },
    web: {},
    tokens: async () => ({
      id_token: await apple.token({ aud: 'apple-client', sub: 'a.1', email: 'p@apple.test', email_verified: 'true' }),
    }),
    subject: 'a.1',
    email: 'p@apple.test',
    data: { iss: 'https://appleid.apple.com' },
  },
  azure: {
    authorize: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    token: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    scope: 'openid',
    web: {},
    tokens: async () => ({
      id_token: await azure.token({
        aud: 'azure-client',
        sub: 'z1',
        email: 'p@az.test',
        xms_edov: true,
        name: 'P Q',
        tid: tenant,
      }),
    }),
    subject: 'z1',
    email: 'p@az.test',
    data: { name: 'P Q', custom_claims: { tid: tenant } },
  },
  bitbucket: {
    authorize: 'https://bitbucket.org/site/oauth2/authorize',
    token: 'https://bitbucket.org/site/oauth2/access_token',
    scope: 'account email',
    basic: true,
    web: {
      'https://api.bitbucket.org/2.0/user': {
        uuid: '{b-1}',
        display_name: 'Bit Bucket',
        username: 'bb',
        links: { avatar: { href: 'https://bb.test/a.png' } },
      },
      'https://api.bitbucket.org/2.0/user/emails': {
        values: [
          { email: 'second@bb.test', is_primary: false, is_confirmed: true },
          { email: 'first@bb.test', is_primary: true, is_confirmed: true },
        ],
      },
    },
    subject: '{b-1}',
    email: 'first@bb.test',
    data: { name: 'Bit Bucket', avatar_url: 'https://bb.test/a.png', preferred_username: 'bb' },
  },
  discord: {
    authorize: 'https://discord.com/api/oauth2/authorize',
    token: 'https://discord.com/api/oauth2/token',
    scope: 'email identify',
    web: {
      'https://discord.com/api/users/@me': {
        id: '80351110224678912',
        username: 'Nelly',
        discriminator: '1337',
        global_name: 'Nell',
        avatar: '8342729096ea3675442027381ff50dfe',
        verified: true,
        email: 'nelly@discord.test',
      },
    },
    subject: '80351110224678912',
    email: 'nelly@discord.test',
    data: {
      name: 'Nelly#1337',
      picture: 'https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png',
      custom_claims: { global_name: 'Nell' },
    },
  },
  facebook: {
    authorize: 'https://www.facebook.com/dialog/oauth',
    token: 'https://graph.facebook.com/oauth/access_token',
    scope: 'email',
    web: {
      'https://graph.facebook.com/me': {
        id: '10220',
        email: 'f@fb.test',
        first_name: 'Fa',
        last_name: 'Ce',
        name: 'Fa Ce',
        picture: { data: { url: 'https://fb.test/p.jpg' } },
      },
    },
    subject: '10220',
    email: 'f@fb.test',
    data: { full_name: 'Fa Ce', picture: 'https://fb.test/p.jpg' },
  },
  figma: {
    authorize: 'https://www.figma.com/oauth',
    token: 'https://api.figma.com/v1/oauth/token',
    scope: 'current_user:read',
    basic: true,
    web: {
      'https://api.figma.com/v1/me': {
        id: 'f1',
        email: 'f@figma.test',
        handle: 'Fig',
        img_url: 'https://figma.test/i',
      },
    },
    subject: 'f1',
    email: 'f@figma.test',
    data: { name: 'Fig', avatar_url: 'https://figma.test/i' },
  },
  fly: {
    authorize: 'https://api.fly.io/oauth/authorize',
    token: 'https://api.fly.io/oauth/token',
    scope: 'read',
    web: {
      'https://api.fly.io/oauth/token/info': {
        resource_owner_id: 'o1',
        user_id: 'u1',
        user_name: 'Fly Er',
        email: 'f@fly.test',
        organizations: [{ id: '1', role: 'admin' }],
      },
    },
    subject: 'u1',
    email: 'f@fly.test',
    data: { custom_claims: { resource_owner_id: 'o1', organizations: [{ id: '1', role: 'admin' }] } },
  },
  github: {
    authorize: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    scope: 'user:email',
    web: {
      'https://api.github.com/user': {
        id: 583231,
        login: 'octocat',
        name: 'The Octocat',
        email: null,
        avatar_url: 'https://gh.test/u/583231',
      },
      'https://api.github.com/user/emails': [
        { email: 'old@gh.test', verified: false, primary: false, visibility: null },
        { email: 'octocat@gh.test', verified: true, primary: true, visibility: 'public' },
      ],
    },
    subject: '583231',
    email: 'octocat@gh.test',
    data: {
      iss: 'https://api.github.com',
      sub: '583231',
      provider_id: '583231',
      name: 'The Octocat',
      full_name: 'The Octocat',
      user_name: 'octocat',
      preferred_username: 'octocat',
      avatar_url: 'https://gh.test/u/583231',
      email_verified: true,
      phone_verified: false,
    },
    headers: { 'https://api.github.com/user': { authorization: 'Bearer at', 'user-agent': 'pmoves-supabase' } },
  },
  gitlab: {
    authorize: 'https://gitlab.com/oauth/authorize',
    token: 'https://gitlab.com/oauth/token',
    scope: 'read_user',
    web: {
      'https://gitlab.com/api/v4/user': {
        id: 7,
        email: 'g@gl.test',
        name: 'Git Lab',
        username: 'gl',
        avatar_url: 'https://gl.test/a',
        confirmed_at: '2012-05-23T09:05:22Z',
      },
      'https://gitlab.com/api/v4/user/emails': [{ id: 1, email: 'other@gl.test' }],
    },
    subject: '7',
    email: 'g@gl.test',
    data: { name: 'Git Lab', user_name: 'gl' },
  },
  google: {
    authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    scope: 'email profile',
    web: {},
    tokens: async () => ({
      id_token: await google.token({
        aud: 'google-client',
        sub: '110169',
        email: 'g@gmail.test',
        email_verified: true,
        name: 'Goo Gle',
        picture: 'https://g.test/p',
        hd: 'gmail.test',
      }),
    }),
    subject: '110169',
    email: 'g@gmail.test',
    data: { iss: 'https://accounts.google.com', picture: 'https://g.test/p', custom_claims: { hd: 'gmail.test' } },
  },
  kakao: {
    authorize: 'https://kauth.kakao.com/oauth/authorize',
    token: 'https://kauth.kakao.com/oauth/token',
    scope: 'account_email profile_image profile_nickname',
    web: {
      'https://kapi.kakao.com/v2/user/me': {
        id: 123456789,
        kakao_account: {
          is_email_valid: true,
          is_email_verified: true,
          email: 'k@kakao.test',
          profile: { nickname: 'Ka', profile_image_url: 'https://k.test/i' },
        },
      },
    },
    subject: '123456789',
    email: 'k@kakao.test',
    data: { name: 'Ka', picture: 'https://k.test/i' },
  },
  keycloak: {
    authorize: 'https://keycloak.example.net/realms/r/protocol/openid-connect/auth',
    token: 'https://keycloak.example.net/realms/r/protocol/openid-connect/token',
    scope: 'profile email',
    web: {
      'https://keycloak.example.net/realms/r/protocol/openid-connect/userinfo': {
        sub: 'kc-1',
        name: 'Key Cloak',
        email: 'k@kc.test',
        email_verified: true,
        preferred_username: 'kc',
      },
    },
    subject: 'kc-1',
    email: 'k@kc.test',
    data: { iss: 'https://keycloak.example.net/realms/r', preferred_username: 'kc' },
  },
  linkedin: {
    authorize: 'https://api.linkedin.com/oauth/v2/authorization',
    token: 'https://api.linkedin.com/oauth/v2/accessToken',
    scope: 'r_emailaddress r_liteprofile',
    web: {
      'https://api.linkedin.com/v2/me': {
        id: 'yrZCpj2Z12',
        firstName: { localized: { en_US: 'Bob' }, preferredLocale: { country: 'US', language: 'en' } },
        lastName: { localized: { en_US: 'Smith' }, preferredLocale: { country: 'US', language: 'en' } },
        profilePicture: { 'displayImage~': { elements: [{ identifiers: [{ identifier: 'https://li.test/p' }] }] } },
      },
      'https://api.linkedin.com/v2/emailAddress': { elements: [{ 'handle~': { emailAddress: 'bob@li.test' } }] },
    },
    subject: 'yrZCpj2Z12',
    email: 'bob@li.test',
    data: { name: 'Bob Smith', picture: 'https://li.test/p' },
  },
  linkedin_oidc: {
    authorize: 'https://www.linkedin.com/oauth/v2/authorization',
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
    scope: 'openid email profile',
    web: {
      'https://api.linkedin.com/v2/userinfo': {
        sub: '782bbtaQ',
        name: 'John Doe',
        given_name: 'John',
        family_name: 'Doe',
        picture: 'https://li.test/j',
        email: 'doe@li.test',
        email_verified: true,
      },
    },
    subject: '782bbtaQ',
    email: 'doe@li.test',
    data: { iss: 'https://www.linkedin.com/oauth', name: 'John Doe' },
  },
  notion: {
    authorize: 'https://api.notion.com/v1/oauth/authorize',
    token: 'https://api.notion.com/v1/oauth/token',
    basic: true,
    extra: { owner: 'user' },
    web: {
      'https://api.notion.com/v1/users/me': {
        object: 'user',
        bot: {
          owner: {
            type: 'user',
            user: { id: 'n1', name: 'No Tion', avatar_url: 'https://n.test/a', person: { email: 'n@notion.test' } },
          },
        },
      },
    },
    subject: 'n1',
    email: 'n@notion.test',
    data: { name: 'No Tion', avatar_url: 'https://n.test/a' },
    headers: { 'https://api.notion.com/v1/users/me': { 'notion-version': '2021-08-16' } },
  },
  slack: {
    authorize: 'https://slack.com/oauth/authorize',
    token: 'https://slack.com/api/oauth.access',
    scope: 'profile email openid',
    web: {
      'https://slack.com/api/openid.connect.userInfo': {
        ok: true,
        'https://slack.com/user_id': 'U0R7JM',
        'https://slack.com/team_id': 'T0R7GR',
        email: 'krane@slack.test',
        name: 'krane',
        picture: 'https://slack.test/k.png',
      },
    },
    subject: 'U0R7JM',
    email: 'krane@slack.test',
    data: { name: 'krane', custom_claims: { 'https://slack.com/team_id': 'T0R7GR' } },
  },
  slack_oidc: {
    authorize: 'https://slack.com/openid/connect/authorize',
    token: 'https://slack.com/api/openid.connect.token',
    scope: 'profile email openid',
    web: {
      'https://slack.com/api/openid.connect.userInfo': {
        ok: true,
        sub: 'U0R7JM',
        'https://slack.com/user_id': 'U0R7JM',
        email: 'krane@slack.test',
        email_verified: true,
        name: 'krane',
      },
    },
    subject: 'U0R7JM',
    email: 'krane@slack.test',
    data: { name: 'krane' },
  },
  snapchat: {
    authorize: 'https://accounts.snapchat.com/accounts/oauth2/auth',
    token: 'https://accounts.snapchat.com/accounts/oauth2/token',
    web: {
      'https://kit.snapchat.com/v1/me': {
        data: { me: { externalId: 'CAESI', displayName: 'Snap', bitmoji: { avatar: 'https://snap.test/b' } } },
      },
    },
    subject: 'CAESI',
    data: { name: 'Snap', picture: 'https://snap.test/b' },
  },
  spotify: {
    authorize: 'https://accounts.spotify.com/authorize',
    token: 'https://accounts.spotify.com/api/token',
    scope: 'user-read-email',
    basic: true,
    web: {
      'https://api.spotify.com/v1/me': {
        id: 's1',
        email: 's@spotify.test',
        display_name: 'Spot',
        images: [{ url: 'https://s.test/i', height: 64 }],
      },
    },
    subject: 's1',
    email: 's@spotify.test',
    verified: false,
    data: { name: 'Spot', picture: 'https://s.test/i' },
  },
  twitch: {
    authorize: 'https://id.twitch.tv/oauth2/authorize',
    token: 'https://id.twitch.tv/oauth2/token',
    scope: 'user:read:email',
    web: {
      'https://api.twitch.tv/helix/users': {
        data: [
          {
            id: '141981764',
            login: 'twitchdev',
            display_name: 'TwitchDev',
            type: '',
            broadcaster_type: 'partner',
            description: 'd',
            profile_image_url: 'https://tw.test/i',
            email: 't@twitch.test',
          },
        ],
      },
    },
    subject: '141981764',
    email: 't@twitch.test',
    data: {
      name: 'twitchdev',
      custom_claims: { broadcaster_type: 'partner', description: 'd', display_name: 'TwitchDev' },
    },
    headers: { 'https://api.twitch.tv/helix/users': { 'client-id': 'twitch-client' } },
  },
  vercel_marketplace: {
    authorize: 'https://marketplace.vercel.com/authorize',
    token: 'https://marketplace.vercel.com/token',
    scope: 'openid email profile',
    web: {},
    tokens: async () => ({
      id_token: await vercel.token({
        aud: 'vercel_marketplace-client',
        sub: 'v1',
        email: 'v@vercel.test',
        email_verified: true,
      }),
    }),
    subject: 'v1',
    email: 'v@vercel.test',
    data: { iss: 'https://marketplace.vercel.com' },
  },
  workos: {
    authorize: 'https://api.workos.com/sso/authorize',
    token: 'https://api.workos.com/sso/token',
    web: {},
    tokens: async () => ({
      profile: {
        id: 'prof_1',
        connection_id: 'conn_1',
        organization_id: 'org_1',
        email: 'w@workos.test',
        first_name: 'Work',
        last_name: 'Os',
      },
    }),
    subject: 'prof_1',
    email: 'w@workos.test',
    data: { name: 'Work Os', custom_claims: { connection_id: 'conn_1', organization_id: 'org_1' } },
  },
  x: {
    authorize: 'https://x.com/i/oauth2/authorize',
    token: 'https://api.x.com/2/oauth2/token',
    scope: 'users.email tweet.read users.read offline.access',
    basic: true,
    web: {
      'https://api.x.com/2/users/me': {
        data: {
          id: '2244',
          name: 'X Dev',
          username: 'xdev',
          profile_image_url: 'https://x.test/p',
          confirmed_email: 'x@x.test',
        },
      },
    },
    subject: '2244',
    email: 'x@x.test',
    data: { user_name: 'xdev' },
  },
  zoom: {
    authorize: 'https://zoom.us/oauth/authorize',
    token: 'https://zoom.us/oauth/token',
    basic: true,
    web: {
      'https://api.zoom.us/v2/users/me': {
        id: 'z8yCxjabcdEFGHfp8uQ',
        first_name: 'Zo',
        last_name: 'Om',
        email: 'z@zoom.test',
        verified: 1,
        pic_url: 'https://z.test/p',
      },
    },
    subject: 'z8yCxjabcdEFGHfp8uQ',
    email: 'z@zoom.test',
    data: { name: 'Zo Om' },
  },
});
