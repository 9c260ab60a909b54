import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { asObject, fieldsOf } from '../core/body-fields.ts';
import type { Directory } from '../core/directory.ts';
import { poolerError } from '../errors.ts';

/**
 * `POST /api/tenants/:id/update_auth_credentials`, with a token of API_JWT_SECRET. With `{db_user, db_password}`: that user of
 * a tenant that was put has this password from now on; `db_user` may be left out where there is one user. Without a body:
 * forgets the stored passwords, which are read from the database anew. 204, 404, or 422 with what is wrong.
 */
export function credentialsRoute(directory: Directory, forgetSecrets: (tenant: string) => void, canSeal: boolean) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { readonly id: string };
    await directory.learn();
    if (!directory.tenant(id)) throw poolerError('not_found');
    const body = asObject(request.body);
    if (body && Object.keys(body).length > 0) await change(directory, id, body, canSeal);
    forgetSecrets(id);
    return reply.code(204).send();
  };
}

async function change(
  directory: Directory,
  id: string,
  body: Readonly<Record<string, unknown>>,
  canSeal: boolean,
): Promise<void> {
  const record = directory.known.stored.get(id);
  const fields = fieldsOf(body);
  const users = record?.tenant.users ?? [];
  const alias = fields.text('db_user', users.length === 1 ? users[0]?.db_user_alias : undefined, 63);
  const password = fields.text('db_password', undefined, 1_000);
  if (!record) fields.problems.db_password = ['of this tenant is that of the settings'];
  else if (alias && !users.some((user) => user.db_user_alias === alias)) fields.problems.db_user = ['is unknown'];
  if (!record || Object.keys(fields.problems).length > 0) throw poolerError('invalid', { details: fields.problems });
  if (!canSeal) throw poolerError('no_key');
  await directory.putTenant({
    tenant: record.tenant,
    passwords: new Map([...record.passwords, [alias, password]]),
  });
}
