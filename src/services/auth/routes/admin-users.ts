import { cursorLink, readCursorPage, writeCursor } from '../core/admin/cursors.ts';
import { pageHeaders, readPage, readSort } from '../core/admin/pages.ts';
import { type AdminUserRequest, createByAdmin, deleteByAdmin, updateByAdmin } from '../core/admin/users.ts';
import type { BodyFields } from '../core/body-fields.ts';
import { userView } from '../core/user-view.ts';
import { isUuid } from '../core/uuid.ts';
import { authError, invalid } from '../errors.ts';
import type { User } from '../sql/rows.ts';
import { findUser, listUsers, listUsersAfter } from '../sql/users.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

/** The user a path names. @throws validation_failed, user_not_found */
export async function userInPath(exchange: Exchange): Promise<User> {
  const id = exchange.parameter('user_id');
  if (!isUuid(id)) throw invalid('user_id must be an UUID', 404);
  const user = await findUser(exchange.context.db, id);
  if (!user) throw authError('user_not_found');
  return user;
}

const readUser = (fields: BodyFields): AdminUserRequest => ({
  id: fields.text('id'),
  aud: fields.text('aud'),
  role: fields.text('role'),
  email: fields.text('email'),
  phone: fields.text('phone'),
  password: fields.optionalText('password'),
  passwordHash: fields.text('password_hash'),
  emailConfirm: fields.flag('email_confirm'),
  phoneConfirm: fields.flag('phone_confirm'),
  userMetadata: fields.object('user_metadata'),
  appMetadata: fields.object('app_metadata'),
  banDuration: fields.text('ban_duration'),
});

/** `GET /admin/users`: a page of users. */
export const adminUsersGet: Route = {
  method: 'GET',
  path: '/admin/users',
  access: 'admin',
  private: true,
  async handle(exchange) {
    const { context, query, path } = exchange;
    const { aud } = exchange.caller();
    const filter = query.get('filter') ?? '';
    const byNumber = query.has('page') || query.has('per_page');
    if (context.settings.cursorPagination && !byNumber) {
      const { limit, after } = readCursorPage(query);
      const { users, end } = await listUsersAfter(context.db, { aud, filter, ...readSort(query), limit, after });
      const next = end && writeCursor(end);
      return {
        body: {
          users: users.map(userView),
          aud,
          pagination: { has_more: next !== undefined, ...(next !== undefined && { next_cursor: next }) },
        },
        headers: { ...(next !== undefined && { link: cursorLink(path, query, next) }) },
      };
    }
    const page = readPage(query, context.settings.maxPageSize);
    const { users, total } = await listUsers(context.db, {
      aud,
      filter,
      ...readSort(query),
      limit: page.size,
      offset: (page.number - 1) * page.size,
    });
    return { body: { users: users.map(userView), aud }, headers: pageHeaders(path, query, page, total) };
  },
};

/** `POST /admin/users`: makes a user. */
export const adminUsersPost: Route = {
  method: 'POST',
  path: '/admin/users',
  access: 'admin',
  private: true,
  async handle(exchange, actor) {
    const request = readUser(exchange.fields());
    return { body: userView(await createByAdmin(exchange.context, exchange.caller().aud, actor, request)) };
  },
};

/** `GET /admin/users/{id}`: one user. */
export const adminUserGet: Route = {
  method: 'GET',
  path: '/admin/users/:user_id',
  access: 'admin',
  private: true,
  handle: async (exchange) => ({ body: userView(await userInPath(exchange)) }),
};

/** `PUT /admin/users/{id}`: changes a user. */
export const adminUserPut: Route = {
  method: 'PUT',
  path: '/admin/users/:user_id',
  access: 'admin',
  private: true,
  async handle(exchange, actor) {
    const user = await userInPath(exchange);
    return { body: userView(await updateByAdmin(exchange.context, actor, user, readUser(exchange.fields()))) };
  },
};

/** `DELETE /admin/users/{id}`: deletes a user, or takes out everything personal. */
export const adminUserDelete: Route = {
  method: 'DELETE',
  path: '/admin/users/:user_id',
  access: 'admin',
  async handle(exchange, actor) {
    const user = await userInPath(exchange);
    await deleteByAdmin(exchange.context, actor, user, exchange.fields().flag('should_soft_delete'));
    return { body: {} };
  },
};
