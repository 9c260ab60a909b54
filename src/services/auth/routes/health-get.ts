import type { Route } from './route.ts';

/** The release whose behaviour this room has; clients and probes read it. */
export const mirroredVersion = 'v2.196.0';

/** `GET /health`: which service this is, for probes and clients. */
export const healthGet: Route = {
  method: 'GET',
  path: '/health',
  head: true,
  access: 'public',
  handle: () => ({
    body: {
      version: mirroredVersion,
      name: 'GoTrue',
      description: 'GoTrue is a user registration and authentication API',
    },
  }),
};
