import { updateSelf } from '../core/user/update.ts';
import { userView } from '../core/user-view.ts';
import { challengeOf } from './exchange.ts';
import type { Route } from './route.ts';

/** `PUT /user`: users change themselves. */
export const userPut: Route = {
  method: 'PUT',
  path: '/user',
  access: 'user',
  limit: 'user',
  private: true,
  async handle(exchange, bearer) {
    const fields = exchange.fields();
    const { settings } = exchange.context;
    // What counts is the user's own role: an admin's token is not a user's.
    const updater = { ...bearer, isAdmin: settings.jwtAdminRoles.includes(bearer.user.role) };
    const user = await updateSelf(exchange.context, exchange.caller({ bearer }), updater, {
      email: fields.text('email'),
      phone: fields.text('phone'),
      password: fields.optionalText('password'),
      currentPassword: fields.text('current_password'),
      nonce: fields.text('nonce'),
      data: fields.object('data'),
      appMetadata: fields.object('app_metadata'),
      challenge: challengeOf(fields),
      channel: fields.text('channel'),
    });
    return { body: userView(user) };
  },
};
