import { assertCaptcha } from '../core/captcha.ts';
import { adminOf, type Exchange } from './exchange.ts';

/**
 * Asks for a captcha, where they are switched on; admins need none. The token rides along in the body, as
 * `gotrue_meta_security.captcha_token`.
 *
 * @throws captcha_failed, unexpected_failure
 */
export async function passCaptcha(exchange: Exchange): Promise<void> {
  const { settings, egress } = exchange.context;
  if (!settings.captchaEnabled || (await isAdmin(exchange))) return;
  const token = exchange.fields().object('gotrue_meta_security')?.captcha_token;
  await assertCaptcha(settings, egress, typeof token === 'string' ? token : '', exchange.ip);
}

async function isAdmin(exchange: Exchange): Promise<boolean> {
  if (exchange.header('authorization') === undefined) return false;
  return adminOf(exchange).then(
    () => true,
    () => false,
  );
}
