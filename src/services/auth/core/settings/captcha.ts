import { boolean, duration, oneOf, string, url } from '#kernel/config';

/** Settings of the check that a person sits before the browser. */
export const captchaSettings = {
  captchaEnabled: boolean({
    name: 'GOTRUE_SECURITY_CAPTCHA_ENABLED',
    default: false,
    help: 'Ask for a captcha where accounts are made, entered or written to.',
  }),
  captchaProvider: oneOf({
    name: 'GOTRUE_SECURITY_CAPTCHA_PROVIDER',
    values: ['hcaptcha', 'turnstile'],
    default: 'hcaptcha',
    help: 'Whose captcha.',
  }),
  captchaSecret: string({
    name: 'GOTRUE_SECURITY_CAPTCHA_SECRET',
    secret: true,
    help: 'Secret shared with the provider of the captcha.',
  }),
  captchaTimeout: duration({
    name: 'GOTRUE_SECURITY_CAPTCHA_TIMEOUT',
    default: 10_000,
    min: 100,
    help: 'Time the provider of the captcha may take.',
  }),
  captchaUrl: url({
    name: 'STACK_AUTH_CAPTCHA_URL',
    protocols: ['http', 'https'],
    help: "Address asked in place of the provider's own, e.g. a relay.",
  }),
};
