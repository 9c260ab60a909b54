import { studioError } from '../errors.ts';
import { secretNames } from '../ports.ts';
import { hasGraphql } from '../sql/graphql.ts';
import type { Route } from './route.ts';

/** Health of every service. */
export const servicesGet: Route = {
  method: 'GET',
  path: '/services',
  role: 'read-only',
  handle: ({ context }) => context.ports.health(),
};

/** What clients connect with, and whether they may ask in GraphQL; no secret. */
export const projectGet: Route = {
  method: 'GET',
  path: '/project',
  role: 'read-only',
  handle: async ({ context }) => ({ ...context.ports.project(), graphql: await hasGraphql(context.db) }),
};

/** Shows a secret, and notes that it did: `{name}` → `{value}`. */
export const revealPost: Route = {
  method: 'POST',
  path: '/reveal',
  role: 'developer',
  async handle({ context, body, note }) {
    const name = secretNames.find((each) => each === body.name);
    const value = name && context.ports.secret(name);
    if (!name || value === undefined) throw studioError('not_found');
    await note('reveal', name);
    return { value };
  },
};
