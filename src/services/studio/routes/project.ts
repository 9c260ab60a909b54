import { studioError } from '../errors.ts';
import { secretNames } from '../ports.ts';
import type { Route } from './route.ts';

/** Health of every service. */
export const servicesGet: Route = {
  method: 'GET',
  path: '/services',
  role: 'read-only',
  handle: ({ context }) => context.ports.health(),
};

/** What clients connect with; no secret. */
export const projectGet: Route = {
  method: 'GET',
  path: '/project',
  role: 'read-only',
  handle: ({ context }) => context.ports.project(),
};

/** Settings of every room, secrets without their values. */
export const settingsGet: Route = {
  method: 'GET',
  path: '/settings',
  role: 'read-only',
  handle: ({ context }) => context.ports.allSettings(),
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
