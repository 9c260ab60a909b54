import { authError } from '../../errors.ts';
import { callHookFunction } from '../../sql/hooks.ts';
import type { Sql } from '../../sql/rows.ts';
import type { WireObject } from '../user-view.ts';
import { readOutput } from './reply.ts';

/** Milliseconds a function of the database may take. */
const patience = 2_000;

/**
 * Asks a function of the database, with one JSON argument, in the transaction given.
 *
 * @throws hook_refused; unexpected_failure when the function fails or takes longer than two seconds
 */
export async function askFunction(
  sql: Sql,
  target: { readonly uri: string; readonly functionName: string },
  input: WireObject,
): Promise<WireObject> {
  let output: unknown;
  try {
    output = await callHookFunction(sql, target.functionName, JSON.stringify(input), patience);
  } catch (error) {
    throw authError('unexpected_failure', { message: `Error running hook URI: ${target.uri}`, cause: error });
  }
  return readOutput(output);
}
