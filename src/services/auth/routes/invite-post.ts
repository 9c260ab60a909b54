import { invite } from '../core/user/invite.ts';
import { userView } from '../core/user-view.ts';
import type { Route } from './route.ts';

/** `POST /invite`: invites somebody by mail. */
export const invitePost: Route = {
  method: 'POST',
  path: '/invite',
  access: 'admin',
  private: true,
  async handle(exchange, actor) {
    const fields = exchange.fields();
    const caller = exchange.caller({ redirectTo: fields.text('redirect_to') });
    const request = { email: fields.text('email'), data: fields.object('data') ?? {} };
    return { body: userView(await invite(exchange.context, caller, actor, request)) };
  },
};
