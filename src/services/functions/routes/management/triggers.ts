import { deliveryStates } from '#kernel/deliveries';
import { functionsError } from '../../errors.ts';
import type { ManagementRequest, ManagementRoute } from './route.ts';

const triggers = '/v1/projects/:ref/function-triggers';
const deliveries = '/v1/projects/:ref/function-deliveries';

const most = 1_000;
const usual = 100;

/** What functions are bound to, what was sent to them for it, and what could not be. */
export const triggerRoutes: readonly ManagementRoute[] = [
  {
    method: 'GET',
    path: triggers,
    run: async ({ functions }) => ({ status: 200, json: await functions.triggers.list() }),
  },
  {
    method: 'PUT',
    path: `${triggers}/:name`,
    run: async ({ functions, params, json }) => ({
      status: 200,
      json: await functions.triggers.put(params.name as string, await json()),
    }),
  },
  {
    method: 'DELETE',
    path: `${triggers}/:name`,
    async run({ functions, params }) {
      await functions.triggers.remove(params.name as string);
      return { status: 200, json: {} };
    },
  },
  { method: 'GET', path: deliveries, run: async (request) => ({ status: 200, json: await list(request) }) },
  {
    method: 'POST',
    path: `${deliveries}/:id/retry`,
    async run({ functions, params }) {
      const retried = await functions.triggers.retry({ id: params.id as string });
      if (retried === 0) throw functionsError('management_not_found');
      return { status: 200, json: { retried } };
    },
  },
  {
    method: 'POST',
    path: `${triggers}/:name/retry`,
    run: async ({ functions, params }) => ({
      status: 200,
      json: { retried: await functions.triggers.retry({ target: params.name as string }) },
    }),
  },
];

async function list({ functions, query }: ManagementRequest): Promise<unknown> {
  const state = deliveryStates.find((each) => each === (query.get('state') ?? 'waiting'));
  if (state === undefined)
    throw functionsError('invalid_request', { message: `state is one of ${deliveryStates.join(', ')}` });
  const target = query.get('trigger');
  const limit = Number(query.get('limit') ?? usual);
  return functions.triggers.deliveries({
    state,
    ...(target !== null && { target }),
    limit: Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, most) : usual,
  });
}
