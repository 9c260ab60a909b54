import type { FastifyInstance } from '#kernel/http';
import {
  alterPolicy,
  createPolicy,
  dropPolicy,
  type KnownPolicy,
  type NewPolicy,
  type PolicyChange,
} from '../core/ddl/policies.ts';
import { policies } from '../sql/catalog/access.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, oneOf, text, texts } from './schema.ts';

const resource: Resource = { path: '/policies', catalog: policies };

const newPolicy = bodyOf(
  {
    name: text,
    schema: text,
    table: text,
    definition: text,
    check: text,
    action: oneOf('PERMISSIVE', 'RESTRICTIVE'),
    command: oneOf('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALL'),
    roles: texts,
  },
  ['name', 'table'],
);
const policyChange = bodyOf({ name: text, definition: text, check: text, roles: texts });

/** `/policies` */
export function bindPolicies(app: FastifyInstance, run: Run): void {
  bindList(app, run, resource);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, newPolicy, async (session, body: NewPolicy) => {
    await session.query(createPolicy(body));
    return { schema: body.schema ?? 'public', table: body.table, name: body.name };
  });
  bindUpdate(app, run, resource, policyChange, (old: KnownPolicy, change: PolicyChange) => alterPolicy(old, change));
  bindDelete(app, run, resource, dropPolicy);
}
