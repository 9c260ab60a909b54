import { factorOf, unenroll } from '../core/admin/factors.ts';
import { isUuid } from '../core/uuid.ts';
import { type AuthErrorCode, authError, invalid } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

/** The id of a factor in a path. @throws validation_failed */
export function factorIdOf(exchange: Exchange): string {
  const id = exchange.parameter('factor_id');
  if (!isUuid(id)) throw invalid('factor_id must be an UUID', 404);
  return id;
}

const enrolment: Readonly<Record<string, AuthErrorCode>> = {
  totp: 'mfa_totp_enroll_not_enabled',
  phone: 'mfa_phone_enroll_not_enabled',
  webauthn: 'mfa_webauthn_enroll_not_enabled',
};

/** Enrolment answers as upstream does with each kind of factor switched off. */
export const factorPost: Route = {
  method: 'POST',
  path: '/factors',
  access: 'permanent-user',
  handle(exchange) {
    const type = exchange.fields().text('factor_type');
    const code = Object.hasOwn(enrolment, type) ? enrolment[type] : undefined;
    if (!code) throw invalid('factor_type needs to be totp, phone, or webauthn');
    throw authError(code);
  },
};

const disabled = (action: 'challenge' | 'verify'): Route => ({
  method: 'POST',
  path: `/factors/:factor_id/${action}`,
  access: 'permanent-user',
  handle(exchange, { user }) {
    factorOf(user, factorIdOf(exchange));
    throw authError('mfa_totp_verify_not_enabled');
  },
});

/** `POST /factors/{id}/challenge`: answers as upstream does with factors switched off. */
export const factorChallengePost: Route = disabled('challenge');
/** `POST /factors/{id}/verify`: answers as upstream does with factors switched off. */
export const factorVerifyPost: Route = disabled('verify');

/** `DELETE /factors/{id}`: removes a factor that is there. */
export const factorDelete: Route = {
  method: 'DELETE',
  path: '/factors/:factor_id',
  access: 'permanent-user',
  async handle(exchange, { user, session }) {
    const factor = factorOf(user, factorIdOf(exchange));
    await unenroll(exchange.context, user, session, factor, exchange.ip ?? '');
    return { body: { id: factor.id } };
  },
};
