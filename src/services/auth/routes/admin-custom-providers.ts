import {
  createCustom,
  customProviderView,
  deleteCustom,
  getCustom,
  listCustom,
  updateCustom,
} from '../core/external/custom-admin.ts';
import { authError } from '../errors.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Route } from './route.ts';

const path = '/admin/custom-providers';
const onePath = `${path}/:id`;

function endpoint(
  method: Route['method'],
  at: string,
  handle: (exchange: Exchange, identifier: string) => Promise<Answer>,
): Route {
  return {
    method,
    path: at,
    access: 'admin',
    private: true,
    handle(exchange) {
      if (!exchange.context.settings.customOauthEnabled) throw authError('feature_disabled');
      return handle(exchange, exchange.parameter('id'));
    },
  };
}

/** `/admin/custom-providers`: providers that administrators add at run time. */
export const customProviderRoutes: readonly Route[] = [
  endpoint('GET', path, async ({ context, query }) => ({ body: await listCustom(context, query.get('type') ?? '') })),
  endpoint('POST', path, async (exchange) => ({
    status: 201,
    body: await createCustom(exchange.context, exchange.fields()),
  })),
  endpoint('GET', onePath, async ({ context }, id) => ({ body: customProviderView(await getCustom(context, id)) })),
  endpoint('PUT', onePath, async (exchange, id) => ({
    body: await updateCustom(exchange.context, id, exchange.fields()),
  })),
  endpoint('DELETE', onePath, async ({ context }, id) => {
    await deleteCustom(context, id);
    return { status: 204 };
  }),
];
