import type { FastifyInstance } from '#kernel/http';
import { alterRole, createRole, dropRole, type NewRole, type RoleChange } from '../core/ddl/roles.ts';
import { booleanOf } from '../core/filters.ts';
import { roles } from '../sql/catalog/access.ts';
import { bindCreate, bindDelete, bindList, bindRetrieve, bindUpdate, type Resource } from './resource.ts';
import type { Run } from './run.ts';
import { bodyOf, flag, integer, map, oneOf, text, texts } from './schema.ts';

const resource: Resource = { path: '/roles', catalog: roles };

/** Without the roles that PostgreSQL brings, unless they are asked for. */
const listed: Resource = {
  ...resource,
  catalog: (query) =>
    booleanOf(query, 'include_default_roles') ? roles : { ...roles, rows: `${roles.rows} where r.rolname !~ '^pg_'` },
};

const attributes = {
  name: text,
  is_superuser: flag,
  can_create_db: flag,
  can_create_role: flag,
  inherit_role: flag,
  can_login: flag,
  is_replication_role: flag,
  can_bypass_rls: flag,
  connection_limit: integer,
  password: text,
  valid_until: text,
};
const newRole = bodyOf({ ...attributes, member_of: texts, members: texts, admins: texts, config: map }, ['name']);
const roleChange = bodyOf({
  ...attributes,
  config: {
    type: 'array',
    items: bodyOf({ op: oneOf('add', 'replace', 'remove'), path: text, value: text }, ['op', 'path']),
  },
});

/** `/roles` */
export function bindRoles(app: FastifyInstance, run: Run): void {
  bindList(app, run, listed);
  bindRetrieve(app, run, resource);
  bindCreate(app, run, resource, newRole, async (session, body: NewRole) => {
    await session.query(createRole(body));
    return { name: body.name };
  });
  bindUpdate(app, run, resource, roleChange, (old: { readonly name: string }, change: RoleChange) =>
    alterRole(old, change),
  );
  bindDelete(app, run, resource, dropRole);
}
