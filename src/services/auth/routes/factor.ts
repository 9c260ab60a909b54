import { factorOf, unenroll } from '../core/admin/factors.ts';
import { enroll } from '../core/mfa/enroll.ts';
import { challengeFactor, verifyFactor } from '../core/mfa/factor.ts';
import { isUuid } from '../core/uuid.ts';
import { invalid } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

/** The id of a factor in a path. @throws validation_failed */
export function factorIdOf(exchange: Exchange): string {
  const id = exchange.parameter('factor_id');
  if (!isUuid(id)) throw invalid('factor_id must be an UUID', 404);
  return id;
}

/** `POST /factors`: adds a second factor. */
export const factorPost: Route = {
  method: 'POST',
  path: '/factors',
  access: 'permanent-user',
  private: true,
  async handle(exchange, bearer) {
    const fields = exchange.fields();
    const body = await enroll(exchange.context, exchange.caller({ bearer }), bearer, {
      type: fields.text('factor_type'),
      friendlyName: fields.text('friendly_name'),
      issuer: fields.text('issuer'),
      phone: fields.text('phone'),
    });
    return { body };
  },
};

/** `POST /factors/{id}/challenge`: asks a factor to prove itself. */
export const factorChallengePost: Route = {
  method: 'POST',
  path: '/factors/:factor_id/challenge',
  access: 'permanent-user',
  limit: 'factorChallenge',
  private: true,
  async handle(exchange, bearer) {
    const factor = factorOf(bearer.user, factorIdOf(exchange));
    const caller = exchange.caller({ bearer });
    return { body: await challengeFactor(exchange.context, caller, bearer.user, factor, exchange.fields()) };
  },
};

/** `POST /factors/{id}/verify`: takes what a factor proves itself with, and raises the session. */
export const factorVerifyPost: Route = {
  method: 'POST',
  path: '/factors/:factor_id/verify',
  access: 'permanent-user',
  limit: 'factorVerify',
  private: true,
  handle(exchange, bearer) {
    const factor = factorOf(bearer.user, factorIdOf(exchange));
    return verifyFactor(exchange.context, exchange.caller({ bearer }), bearer, factor, exchange.fields());
  },
};

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
