import type { Sql } from './rows.ts';

/**
 * Calls an application's function with one argument of JSON. What the transaction's statements may take afterwards is what
 * they might before.
 *
 * @param functionName quoted, with its schema
 * @param milliseconds the function may take
 * @returns what the function returns, as a JavaScript value
 */
export async function callHookFunction(
  sql: Sql,
  functionName: string,
  input: string,
  milliseconds: number,
): Promise<unknown> {
  const { rows } = await sql.query<{ former: string }>(
    `select current_setting('statement_timeout') as former, set_config('statement_timeout', $1, true)`,
    [String(milliseconds)],
  );
  const result = await sql.query<{ output: unknown }>(`select ${functionName}($1) as output`, [input]);
  await sql.query(`select set_config('statement_timeout', $1, true)`, [rows[0]?.former ?? '0']);
  return result.rows[0]?.output;
}
