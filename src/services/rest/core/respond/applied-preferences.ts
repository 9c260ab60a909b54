import type { DatabasePlan } from '../compile/transaction.ts';
import type { RestConfig } from '../config.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { noPreferences } from '../request/preferences.ts';

/** `Preference-Applied`: what of the preferences counted, in the order upstream names them. */
export function appliedPreferences(
  { preferences: wished, query }: ApiRequest,
  plan: DatabasePlan,
  { transactionEnd }: RestConfig,
): Record<string, string> {
  if (wished === noPreferences) return {};
  const action = plan.kind === 'write' ? plan.action : undefined;
  const hasKey = plan.kind === 'write' && (plan.write.table.primaryKey.length > 0 || query.onConflict !== undefined);
  const isBounded =
    wished.handling === 'strict' && (plan.kind === 'call' || action === 'update' || action === 'delete');
  const items: string[] = [];
  const add = (name: string, value: string | number | undefined, counts: boolean): void => {
    if (counts && value !== undefined) items.push(`${name}=${value}`);
  };
  add('resolution', wished.resolution, action === 'insert' && hasKey);
  add('missing', wished.missing, action === 'insert' || action === 'update');
  add('return', wished.return, action !== undefined);
  add('count', wished.count, true);
  add('tx', wished.tx, transactionEnd.allowsOverride);
  add('handling', wished.handling, true);
  add('timezone', wished.timezone, true);
  add('max-affected', wished.maxAffected, isBounded);
  return items.length === 0 ? {} : { 'Preference-Applied': items.join(', ') };
}
