import { assertPasskeys } from '../core/passkeys/access.ts';
import { listPasskeys, nameAnew, removeOwnPasskey } from '../core/passkeys/manage.ts';
import { finishRegistration, startRegistration } from '../core/passkeys/register.ts';
import { finishSignIn, startSignIn } from '../core/passkeys/sign-in.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

function answerIn(exchange: Exchange) {
  const fields = exchange.fields();
  return { challengeId: fields.text('challenge_id'), credential: fields.object('credential') };
}

/** `POST /passkeys/authentication/options`: begins a sign-in with a passkey. */
const authenticationOptionsPost: Route = {
  method: 'POST',
  path: '/passkeys/authentication/options',
  access: 'public',
  limit: 'passkey',
  captcha: true,
  private: true,
  async handle(exchange) {
    assertPasskeys(exchange.context);
    return { body: await startSignIn(exchange.context) };
  },
};

/** `POST /passkeys/authentication/verify`: signs in with a passkey. */
const authenticationVerifyPost: Route = {
  method: 'POST',
  path: '/passkeys/authentication/verify',
  access: 'public',
  private: true,
  handle: (exchange) => {
    assertPasskeys(exchange.context);
    return finishSignIn(exchange.context, exchange.caller(), answerIn(exchange));
  },
};

/** `POST /passkeys/registration/options`: begins to add a passkey. */
const registrationOptionsPost: Route = {
  method: 'POST',
  path: '/passkeys/registration/options',
  access: 'permanent-user',
  private: true,
  handle: async (exchange, bearer) => ({ body: await startRegistration(exchange.context, bearer) }),
};

/** `POST /passkeys/registration/verify`: adds a passkey. */
const registrationVerifyPost: Route = {
  method: 'POST',
  path: '/passkeys/registration/verify',
  access: 'permanent-user',
  private: true,
  async handle(exchange, bearer) {
    const caller = exchange.caller({ bearer });
    return { body: await finishRegistration(exchange.context, caller, bearer, answerIn(exchange)) };
  },
};

/** `GET /passkeys`: the caller's passkeys. */
const passkeysGet: Route = {
  method: 'GET',
  path: '/passkeys',
  access: 'permanent-user',
  private: true,
  handle: async (exchange, { user }) => ({ body: await listPasskeys(exchange.context, user) }),
};

/** `PATCH /passkeys/{id}`: gives a passkey another name. */
const passkeyPatch: Route = {
  method: 'PATCH',
  path: '/passkeys/:passkey_id',
  access: 'permanent-user',
  private: true,
  async handle(exchange, bearer) {
    const caller = exchange.caller({ bearer });
    const name = exchange.fields().text('friendly_name');
    return { body: await nameAnew(exchange.context, caller, bearer, exchange.parameter('passkey_id'), name) };
  },
};

/** `DELETE /passkeys/{id}`: removes a passkey. */
const passkeyDelete: Route = {
  method: 'DELETE',
  path: '/passkeys/:passkey_id',
  access: 'permanent-user',
  async handle(exchange, bearer) {
    const caller = exchange.caller({ bearer });
    await removeOwnPasskey(exchange.context, caller, bearer, exchange.parameter('passkey_id'));
    return { status: 204 };
  },
};

/** Endpoints of passkeys. */
export const passkeyRoutes: readonly Route[] = [
  authenticationOptionsPost,
  authenticationVerifyPost,
  registrationOptionsPost,
  registrationVerifyPost,
  passkeysGet,
  passkeyPatch,
  passkeyDelete,
];
