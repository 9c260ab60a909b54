import { generateLink } from '../core/user/invite.ts';
import type { Route } from './route.ts';

/** `POST /admin/generate_link`: makes the link of a mail without sending it. */
export const adminLinkPost: Route = {
  method: 'POST',
  path: '/admin/generate_link',
  access: 'admin',
  private: true,
  async handle(exchange, actor) {
    const fields = exchange.fields();
    const caller = exchange.caller({ redirectTo: fields.text('redirect_to') });
    const body = await generateLink(exchange.context, caller, actor, {
      type: fields.text('type'),
      email: fields.text('email'),
      newEmail: fields.text('new_email'),
      password: fields.text('password'),
      data: fields.object('data') ?? {},
    });
    return { body };
  },
};
