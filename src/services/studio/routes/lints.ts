import { runLints } from '../core/lints.ts';
import type { Route } from './route.ts';

/** What is wrong with the database, or could be better, the worst first. */
export const lintsGet: Route = {
  method: 'GET',
  path: '/lints',
  role: 'read-only',
  handle: ({ context }) => runLints(context),
};
