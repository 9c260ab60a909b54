import { externalProviders } from '../core/settings/external.ts';
import type { Route } from './route.ts';

/** Providers that upstream leaves out of its list. */
const unlisted: ReadonlySet<string> = new Set(['x', 'vercel_marketplace']);

/** `GET /settings`: what is switched on, for sign-in pages. */
export const settingsGet: Route = {
  method: 'GET',
  path: '/settings',
  head: true,
  access: 'public',
  handle({ context }) {
    const { settings } = context;
    const providers = Object.fromEntries(
      externalProviders
        .filter((provider) => !unlisted.has(provider))
        .map((provider) => [provider, settings[`external_${provider}`]]),
    );
    return {
      body: {
        external: {
          anonymous_users: settings.anonymousEnabled,
          ...providers,
          email: settings.emailEnabled,
          phone: settings.phoneEnabled,
        },
        disable_signup: settings.disableSignup,
        mailer_autoconfirm: settings.autoconfirm,
        phone_autoconfirm: settings.phoneAutoconfirm,
        sms_provider: settings.smsProvider ?? '',
        saml_enabled: settings.samlEnabled,
        saml_private_key_next_configured: settings.samlEnabled && settings.samlPrivateKeyNext !== undefined,
        passkeys_enabled: settings.passkeysEnabled,
      },
    };
  },
};
