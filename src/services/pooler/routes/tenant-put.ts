import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Directory } from '../core/directory.ts';
import type { Tenant } from '../core/tenant.ts';
import { parseTenant } from '../core/tenant-body.ts';
import { poolerError } from '../errors.ts';

/**
 * `PUT /api/tenants/:id`, with a token of API_JWT_SECRET: keeps a tenant and serves it from now on. Its clients are sent away
 * once their transactions are over. 201 for a new one, 200 for one that was there; 422 with what is wrong.
 */
export function tenantPutRoute(directory: Directory, own: () => Tenant, canSeal: boolean) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string };
    const self = own();
    const isOwn = id === self.external_id;
    const record = parseTenant(id, request.body, isOwn ? self : undefined);
    if ('problems' in record) throw poolerError('invalid', { details: record.problems });
    if (record.passwords.size > 0 && !canSeal) throw poolerError('no_key');
    await directory.learn();
    const isNew = directory.tenant(id) === undefined;
    await directory.putTenant(record);
    return reply.code(isNew ? 201 : 200).send({ data: directory.tenant(id) });
  };
}
