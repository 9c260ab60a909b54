import type { Audience, Shape } from './audience.ts';
import type { Decision, Group } from './policy/groups.ts';
import type { Change } from './row.ts';
import type { RoleView } from './tables.ts';

/** A change on its way to who may have it. */
export interface Job {
  readonly change: Change;
  readonly audience: Audience;
  matched: readonly Shape[];
  /** By role. */
  readonly decisions: Map<string, Decision>;
  /** Groups that the database lets see the row. */
  readonly granted: Set<Group>;
}

/** INSERT and UPDATE of what cannot be looked up again: its subscribers are told of that instead. */
export function errorFor({ change, audience }: Job, view: RoleView): string | undefined {
  if (change.type === 'DELETE') return undefined;
  if (audience.table.info.primaryKey.length === 0) return 'Error 400: Bad Request, no primary key';
  return view.seesKey ? undefined : 'Error 401: Unauthorized';
}
