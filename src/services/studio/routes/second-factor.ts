import { addSecondFactor, offerSecondFactor, removeSecondFactor } from '../core/second-factor.ts';
import { operatorIdOf, type Route } from './route.ts';

/** A new secret for an authenticator app: `{secret, uri}`. Nothing is kept yet. */
export const secondFactorPost: Route = {
  method: 'POST',
  path: '/second-factor',
  role: 'read-only',
  handle: ({ context, caller }) => offerSecondFactor(context, caller),
};

/** Keeps it, once `{secret, code}` shows that the app has it. */
export const secondFactorPut: Route = {
  method: 'PUT',
  path: '/second-factor',
  role: 'read-only',
  async handle(call) {
    const { secret, code } = call.body;
    await addSecondFactor(call.context, operatorIdOf(call), { secret, code });
    await call.note('second factor added', '');
    return call.reply.code(204).send();
  },
};

/** Removes it: `{password, code}`. */
export const secondFactorDelete: Route = {
  method: 'DELETE',
  path: '/second-factor',
  role: 'read-only',
  async handle(call) {
    const { password, code } = call.body;
    await removeSecondFactor(call.context, operatorIdOf(call), { password, code });
    await call.note('second factor removed', '');
    return call.reply.code(204).send();
  },
};
