import { studioError } from '../errors.ts';
import { vaultSecret } from '../sql/vault.ts';
import type { Route } from './route.ts';

/** Shows a secret of the vault, `{id}`: `{value}`. It is noted who asked. */
export const vaultRevealPost: Route = {
  method: 'POST',
  path: '/vault/reveal',
  role: 'developer',
  async handle({ context, body, note }) {
    const { id } = body;
    const isOne = typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id);
    const secret = isOne ? await vaultSecret(context.db, id) : undefined;
    if (!secret) throw studioError('not_found');
    await note('vault secret shown', secret.name ?? String(id));
    return { value: secret.value };
  },
};
