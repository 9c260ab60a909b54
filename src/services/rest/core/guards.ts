import type { StepResult } from '#kernel/sql';
import { restError } from '../errors.ts';
import type { Statement } from './compile/parameters.ts';
import type { CompiledTransaction } from './compile/transaction.ts';
import type { RestConfig } from './config.ts';
import type { Filter, LogicTree, RestQuery, SelectItem } from './grammar/tree.ts';

// Bounds on what one request may ask for, each a setting of ours. They are told before the database is troubled.

/** @throws STACK414 for a path and query that are too long */
export function checkTarget(path: string, query: string, { maxUrlLength }: RestConfig): void {
  const length = path.length + query.length + (query === '' ? 0 : 1);
  if (maxUrlLength !== undefined && length > maxUrlLength)
    throw restError('STACK414', { details: `It has ${length} characters; at most ${maxUrlLength} are allowed` });
}

/** @throws STACK610 for a list with too many values, STACK611 for embeds nested too deeply */
export function checkQuery({ filters, logic, select }: RestQuery, { maxListLength, maxEmbedDepth }: RestConfig): void {
  if (maxListLength !== undefined) {
    for (const { value } of filters) checkList(value, maxListLength);
    for (const { value } of logic) checkTree(value, maxListLength);
  }
  if (maxEmbedDepth !== undefined && select.length > 0) checkEmbeds(select, maxEmbedDepth, 0);
}

function checkList({ operation }: Filter, most: number): void {
  if (operation.kind === 'in' && operation.values.length > most)
    throw restError('STACK610', {
      details: `It has ${operation.values.length} values; at most ${most} are allowed`,
      hint: 'Ask several times, or send the values to a function.',
    });
}

function checkTree(tree: LogicTree, most: number): void {
  if (tree.kind === 'filter') checkList(tree, most);
  else for (const child of tree.children) checkTree(child, most);
}

function checkEmbeds(select: readonly SelectItem[], most: number, depth: number): void {
  for (const item of select) {
    if (item.kind !== 'embed') continue;
    if (depth >= most) throw restError('STACK611', { details: `At most ${most} levels are allowed` });
    checkEmbeds(item.select, most, depth + 1);
  }
}

/** The same transaction with nothing in it but the planner's opinion of the main statement. */
export function costOnly(transaction: CompiledTransaction): CompiledTransaction {
  const { steps, main } = transaction;
  // The settings come first; a function that looks at requests is called with the real one.
  const explained = [steps[0] as Statement, costStatement(steps[main] as Statement)];
  return { ...transaction, steps: explained, main: 1, planned: undefined, isRead: false };
}

/** The statement that asks the planner what another would cost. */
export const costStatement = ({ text, values }: Statement): Statement => ({
  text: `EXPLAIN (FORMAT JSON) ${text}`,
  values,
});

/** @throws STACK612 when the planner expects more than is allowed */
export function checkCost(explained: StepResult | undefined, most: number): void {
  const text = (explained?.rows ?? []).map((cells) => cells[0] ?? '').join('\n');
  const [plan] = JSON.parse(text) as { readonly Plan: { readonly 'Total Cost': number } }[];
  const cost = plan?.Plan['Total Cost'] ?? 0;
  if (cost <= most) return;
  throw restError('STACK612', {
    details: `The planner expects a cost of ${Math.round(cost)}; at most ${most} is allowed`,
    hint: 'Ask for less, or for what an index leads to.',
  });
}
