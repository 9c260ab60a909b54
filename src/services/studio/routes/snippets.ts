import { studioError } from '../errors.ts';
import type { Call, Route } from './route.ts';

const pathOf = ({ request }: Call): string => (request.query as { readonly path?: string }).path ?? '';

/** All kept snippets of SQL: path, size, time of the last change. */
export const snippetsGet: Route = {
  method: 'GET',
  path: '/snippets',
  role: 'read-only',
  handle: ({ context }) => context.snippets.list(),
};

/** One of them, `?path=`: `{sql}`. */
export const snippetGet: Route = {
  method: 'GET',
  path: '/snippet',
  role: 'read-only',
  handle: async (call) => ({ sql: await call.context.snippets.read(pathOf(call)) }),
};

/** Keeps one, `?path=`: `{sql}`; what had that path before is replaced. */
export const snippetPut: Route = {
  method: 'PUT',
  path: '/snippet',
  role: 'developer',
  async handle(call) {
    if (typeof call.body.sql !== 'string') throw studioError('invalid_request');
    await call.context.snippets.write(pathOf(call), call.body.sql);
    return call.reply.code(204).send();
  },
};

/** Renames one, `?path=`: `{to}`. */
export const snippetPatch: Route = {
  method: 'PATCH',
  path: '/snippet',
  role: 'developer',
  async handle(call) {
    if (typeof call.body.to !== 'string') throw studioError('invalid_request');
    await call.context.snippets.move(pathOf(call), call.body.to);
    return call.reply.code(204).send();
  },
};

/** Removes one, `?path=`. */
export const snippetDelete: Route = {
  method: 'DELETE',
  path: '/snippet',
  role: 'developer',
  async handle(call) {
    await call.context.snippets.remove(pathOf(call));
    await call.note('snippet removed', pathOf(call));
    return call.reply.code(204).send();
  },
};
