import { addOfferedPasskey, offerPasskey } from '../core/passkeys.ts';
import { studioError } from '../errors.ts';
import { listPasskeys, removePasskey } from '../sql/passkeys.ts';
import { operatorIdOf, type Route } from './route.ts';

/** The own passkeys. */
export const passkeysGet: Route = {
  method: 'GET',
  path: '/passkeys',
  role: 'read-only',
  handle: (call) => listPasskeys(call.context.db, operatorIdOf(call)),
};

/** Options for making one: `{password, code?}` gives `{id, options}`. */
export const passkeyOfferPost: Route = {
  method: 'POST',
  path: '/passkeys/options',
  role: 'read-only',
  handle(call) {
    const { password, code } = call.body;
    return offerPasskey(call.context, operatorIdOf(call), { origin: call.request.headers.origin, password, code });
  },
};

/** Keeps the one that the browser made: `{id, credential}`. 201 with its name. */
export const passkeysPost: Route = {
  method: 'POST',
  path: '/passkeys',
  role: 'read-only',
  async handle(call) {
    const { id, credential } = call.body;
    const answer = { origin: call.request.headers.origin, id, credential };
    const name = await addOfferedPasskey(call.context, operatorIdOf(call), answer);
    await call.note('passkey added', name);
    return call.reply.code(201).send({ name });
  },
};

/** Removes one of the own. */
export const passkeysDelete: Route = {
  method: 'DELETE',
  path: '/passkeys/:id',
  role: 'read-only',
  async handle(call) {
    const { id } = call.request.params as { readonly id: string };
    if (!(await removePasskey(call.context.db, operatorIdOf(call), id))) throw studioError('not_found');
    await call.note('passkey removed', '');
    return call.reply.code(204).send();
  },
};
