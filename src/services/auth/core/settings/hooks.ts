import { boolean, string } from '#kernel/config';
import { family } from './family.ts';

/** Points at which an application's own code is asked. */
export const hookPoints = [
  'custom_access_token',
  'send_email',
  'send_sms',
  'mfa_verification_attempt',
  'password_verification_attempt',
  'before_user_created',
  'after_user_created',
] as const;

/** A point at which a hook may be asked. */
export type HookPoint = (typeof hookPoints)[number];

/** Settings of the points at which an application's own code is asked. */
export const hookSettings = {
  ...family('hook_', hookPoints, (hook) =>
    boolean({
      name: `GOTRUE_HOOK_${hook.toUpperCase()}_ENABLED`,
      default: false,
      help: `Ask the application's own code at ${hook.replaceAll('_', ' ')}.`,
    }),
  ),
  ...family('hookUri_', hookPoints, (hook) =>
    string({
      name: `GOTRUE_HOOK_${hook.toUpperCase()}_URI`,
      help: 'Where that code is: https://…, or pg-functions://postgres/<schema>/<function>.',
    }),
  ),
  ...family('hookSecrets_', hookPoints, (hook) =>
    string({
      name: `GOTRUE_HOOK_${hook.toUpperCase()}_SECRETS`,
      secret: true,
      help: 'What its requests are signed with: v1,whsec_<base64>, several divided by |.',
    }),
  ),
};
