import { type Egress, EgressError } from '#kernel/egress';
import { authError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';

/** Where providers check what a browser was given. */
const addresses = {
  hcaptcha: 'https://hcaptcha.com/siteverify',
  turnstile: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
} as const;

/** Characters of a token at most; providers make them far shorter. */
const tokenLimit = 16_384;

const refused = (reason: string): Error =>
  authError('captcha_failed', { message: `captcha protection: request disallowed (${reason})` });

/**
 * Has the provider of the captcha check a token (GoTrue, "Captcha").
 *
 * @param token what the browser was given; empty when the client sent none
 * @throws captcha_failed when there is none, or the provider does not take it; unexpected_failure when it cannot be asked
 */
export async function assertCaptcha(
  settings: AuthSettings,
  egress: Egress,
  token: string,
  ip: string | null,
): Promise<void> {
  if (token.trim() === '') throw refused('no captcha_token found');
  if (token.length > tokenLimit) throw refused('captcha_token too long');
  const form = new URLSearchParams({ secret: settings.captchaSecret ?? '', response: token });
  if (ip !== null) form.set('remoteip', ip);
  const verdict = await ask(settings, egress, form.toString());
  if (verdict.success !== true) throw refused(codesIn(verdict));
}

async function ask(settings: AuthSettings, egress: Egress, body: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const answer = await egress.request(settings.captchaUrl ?? addresses[settings.captchaProvider], {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body,
      timeout: settings.captchaTimeout,
      maxBytes: 65_536,
      byOperator: true,
    });
    const verdict: unknown = JSON.parse(answer.body.toString('utf8'));
    if (typeof verdict === 'object' && verdict !== null) return verdict as Readonly<Record<string, unknown>>;
    throw new SyntaxError('no object');
  } catch (error) {
    if (error instanceof EgressError || error instanceof SyntaxError)
      throw authError('unexpected_failure', {
        message: 'captcha verification process failed',
        cause: error,
      });
    throw error;
  }
}

// The provider's own words, such as `timeout-or-duplicate`; nothing else of its answer is passed on.
function codesIn({ 'error-codes': codes }: Readonly<Record<string, unknown>>): string {
  const list = Array.isArray(codes)
    ? codes.filter((code) => typeof code === 'string' && /^[\w-]{1,64}$/.test(code))
    : [];
  return list.join(', ') || 'invalid-input-response';
}
