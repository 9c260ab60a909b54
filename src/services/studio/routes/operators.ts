import { changeOperator, changeOwnPassword, createOperator, dropOperator } from '../core/operators.ts';
import { studioError } from '../errors.ts';
import { listAudit } from '../sql/audit.ts';
import { listOperators } from '../sql/operators.ts';
import type { Call, Route } from './route.ts';

const idOf = ({ request }: Call): string => (request.params as { readonly id: string }).id;

/** All operators. */
export const operatorsGet: Route = {
  method: 'GET',
  path: '/operators',
  role: 'owner',
  handle: ({ context }) => listOperators(context.db),
};

/** Adds an operator: `{name, role, password}`. 201. */
export const operatorsPost: Route = {
  method: 'POST',
  path: '/operators',
  role: 'owner',
  async handle({ context, body, reply, note }) {
    const { name, role, password } = body;
    const operator = await createOperator(context, { name, role, password });
    await note('operator added', `${operator.name} (${operator.role})`);
    return reply.code(201).send(operator);
  },
};

/** Changes an operator's `{role?, password?}`, or takes their second factor away: `{secondFactor: false}`. */
export const operatorsPatch: Route = {
  method: 'PATCH',
  path: '/operators/:id',
  role: 'owner',
  async handle(call) {
    const { role, password, secondFactor } = call.body;
    const { name } = await changeOperator(call.context, idOf(call), { role, password, secondFactor });
    const what = [
      role !== undefined && `role ${String(role)}`,
      password !== undefined && 'password',
      secondFactor === false && 'second factor',
    ].filter(Boolean);
    await call.note('operator changed', `${name}: ${what.join(', ')}`);
    return call.reply.code(204).send();
  },
};

/** Removes an operator. */
export const operatorsDelete: Route = {
  method: 'DELETE',
  path: '/operators/:id',
  role: 'owner',
  async handle(call) {
    const { name } = await dropOperator(call.context, idOf(call));
    await call.note('operator removed', name);
    return call.reply.code(204).send();
  },
};

/** Changes the own password: `{current, password}`. */
export const passwordPut: Route = {
  method: 'PUT',
  path: '/password',
  role: 'read-only',
  async handle({ caller, context, body, reply, note }) {
    if (!caller.session) throw studioError('settings_account');
    await changeOwnPassword(context, caller.session, { current: body.current, password: body.password });
    await note('password changed', '');
    return reply.code(204).send();
  },
};

const auditPage = 100;

/** The audit log, the latest first; `?before=` an id goes on. */
export const auditGet: Route = {
  method: 'GET',
  path: '/audit',
  role: 'owner',
  handle({ context, request }) {
    const before = Number((request.query as { readonly before?: string }).before ?? Number.NaN);
    return listAudit(context.db, Number.isSafeInteger(before) ? before : null, auditPage);
  },
};
