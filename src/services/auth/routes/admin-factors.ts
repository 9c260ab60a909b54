import { factorOf, removeFactor, rename } from '../core/admin/factors.ts';
import { factorView } from '../core/user-view.ts';
import { userInPath } from './admin-users.ts';
import { factorIdOf } from './factor.ts';
import type { Route } from './route.ts';

/** `GET /admin/users/{id}/factors`: the second factors of a user. */
export const adminFactorsGet: Route = {
  method: 'GET',
  path: '/admin/users/:user_id/factors',
  access: 'admin',
  private: true,
  handle: async (exchange) => ({ body: (await userInPath(exchange)).factors.map(factorView) }),
};

/** `DELETE /admin/users/{id}/factors/{factor_id}`: removes a factor and answers with it. */
export const adminFactorDelete: Route = {
  method: 'DELETE',
  path: '/admin/users/:user_id/factors/:factor_id',
  access: 'admin',
  private: true,
  async handle(exchange, actor) {
    const user = await userInPath(exchange);
    const factor = factorOf(user, factorIdOf(exchange));
    await removeFactor(exchange.context, { actor, action: 'factor_deleted', ip: exchange.ip ?? '' }, user, factor);
    return { body: factorView(factor) };
  },
};

/** `PUT /admin/users/{id}/factors/{factor_id}`: renames a factor, or gives it another number. */
export const adminFactorPut: Route = {
  method: 'PUT',
  path: '/admin/users/:user_id/factors/:factor_id',
  access: 'admin',
  private: true,
  async handle(exchange, actor) {
    const user = await userInPath(exchange);
    const factor = factorOf(user, factorIdOf(exchange));
    const fields = exchange.fields();
    const changes = { name: fields.text('friendly_name'), phone: fields.text('phone'), ip: exchange.ip ?? '' };
    return { body: factorView(await rename(exchange.context, actor, user, factor, changes)) };
  },
};
