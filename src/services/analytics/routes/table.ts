import { endpointsQuery, queryGet } from './endpoints-query.ts';
import { healthGet } from './health-get.ts';
import { logsPost } from './logs-post.ts';
import type { Route } from './route.ts';
import { endpointsGet, sourcesGet, sourcesPost } from './sources.ts';
import { tailGet } from './tail-get.ts';

/** Every endpoint of the room. */
export const routes: readonly Route[] = [
  healthGet,
  logsPost,
  tailGet,
  endpointsQuery,
  endpointsGet,
  queryGet,
  sourcesGet,
  sourcesPost,
];
