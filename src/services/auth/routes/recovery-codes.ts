import {
  deleteRecoveryCodes,
  generateRecoveryCodes,
  recoveryStatus,
  regenerateRecoveryCodes,
  verifyRecoveryCode,
} from '../core/mfa/recovery-codes.ts';
import type { Route } from './route.ts';

const path = '/factors/recovery-codes';

/** `/factors/recovery-codes`: codes by which a user gets in who has lost their other factors. */
export const recoveryCodeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path,
    access: 'permanent-user',
    private: true,
    handle: async ({ context }, { user }) => ({ body: await recoveryStatus(context, user) }),
  },
  {
    method: 'POST',
    path,
    access: 'permanent-user',
    private: true,
    async handle(exchange, bearer) {
      const name = exchange.fields().text('friendly_name');
      return { body: await generateRecoveryCodes(exchange.context, exchange.caller({ bearer }), bearer, name) };
    },
  },
  {
    method: 'POST',
    path: `${path}/regenerate`,
    access: 'permanent-user',
    private: true,
    handle: async (exchange, bearer) => ({
      body: await regenerateRecoveryCodes(exchange.context, exchange.caller({ bearer }), bearer),
    }),
  },
  {
    method: 'POST',
    path: `${path}/verify`,
    access: 'permanent-user',
    limit: 'factorVerify',
    private: true,
    handle: (exchange, bearer) =>
      verifyRecoveryCode(exchange.context, exchange.caller({ bearer }), bearer, exchange.fields().text('code')),
  },
  {
    method: 'DELETE',
    path,
    access: 'permanent-user',
    handle: async (exchange, bearer) => ({
      body: { id: await deleteRecoveryCodes(exchange.context, exchange.caller({ bearer }), bearer) },
    }),
  },
];
