import { analyticsError } from '../errors.ts';
import { at, type Route } from './route.ts';

/** `GET /health`: 200 once events can be kept, `coming_up` before, in the original's fields (spec stack §4.2). */
export const healthGet: Route = {
  methods: ['GET'],
  access: 'anyone',
  matches: at('health'),
  async handle({ service }) {
    const body = { proc_count: 1, nodes: ['nonode@nohost'], nodes_count: 1, caches: {}, memory_utilization: 'ok' };
    if (!service.isReady()) throw analyticsError('not_ready', { details: { status: 'coming_up', ...body } });
    return { status: 'ok', ...body };
  },
};
