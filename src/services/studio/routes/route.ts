import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { Caller } from '../core/caller.ts';
import type { StudioContext } from '../core/context.ts';
import { studioError } from '../errors.ts';
import type { Role } from '../sql/role.ts';

/** What a handler is given. */
export interface Call {
  readonly context: StudioContext;
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Members of the JSON body; empty without one. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Notes something in the audit log. */
  readonly note: (action: string, target: string) => Promise<void>;
}

/** The account of whoever has a session; tools that come with credentials have none. @throws ServiceError `signed_out` */
export function operatorIdOf({ caller }: Call): string {
  if (!caller.session) throw studioError('signed_out');
  return caller.session.operatorId;
}

/** An endpoint below `/api/studio`, for those whose role reaches `role`. What it returns is sent as JSON. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly role: Role;
  readonly handle: (call: Call) => unknown;
}
