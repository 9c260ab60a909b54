import { restError } from '../../errors.ts';
import type {
  Filter,
  LogicTree,
  OrderTerm,
  Placed,
  RestQuery,
  RowRange,
  SelectEmbed,
  SelectItem,
} from '../grammar/tree.ts';

/** A level of the request: its select list and everything else that was said of it. */
export interface QueryNode {
  /** Undefined at the top. */
  readonly embed: SelectEmbed | undefined;
  readonly select: readonly SelectItem[];
  readonly children: readonly QueryNode[];
  readonly filters: Filter[];
  readonly logic: LogicTree[];
  order: readonly OrderTerm[];
  range: RowRange | undefined;
}

const noTerms: readonly OrderTerm[] = [];

/**
 * Puts filters, orders and ranges to the levels they are about.
 *
 * @throws PGRST108 for a path to something that is not embedded
 */
export function queryTree(query: RestQuery): QueryNode {
  const root = nodeOf(query.select, undefined);
  for (const { path, value } of query.filters) nodeAt(root, path).filters.push(value);
  for (const { path, value } of query.order) {
    const node = nodeAt(root, path);
    if (node.order === noTerms) node.order = value;
  }
  for (const placed of query.ranges) nodeAt(root, placed.path).range = placed.value;
  for (const { path, value } of query.logic) nodeAt(root, path).logic.push(value);
  return root;
}

/** What was said of the top level, without looking at the rest. */
export const atTop = <T>(placed: readonly Placed<T>[]): T[] =>
  placed.filter(({ path }) => path.length === 0).map(({ value }) => value);

function nodeOf(select: readonly SelectItem[], embed: SelectEmbed | undefined): QueryNode {
  const children: QueryNode[] = [];
  for (const item of select) if (item.kind === 'embed') children.push(nodeOf(item.select, item));
  return { embed, select, children, filters: [], logic: [], order: noTerms, range: undefined };
}

function nodeAt(root: QueryNode, path: readonly string[]): QueryNode {
  let node = root;
  for (const name of path) {
    const child = childOf(node, name);
    if (child === undefined) throw notEmbedded(name);
    node = child;
  }
  return node;
}

/** The first embed of a level that has this name or alias. */
export const childOf = (node: QueryNode, name: string): QueryNode | undefined =>
  node.children.find(({ embed }) => embed?.relation === name || embed?.alias === name);

/** Something was said of an embed that is not there. */
export const notEmbedded = (name: string) =>
  restError('PGRST108', {
    message: `'${name}' is not an embedded resource in this request`,
    hint: `Verify that '${name}' is included in the 'select' query parameter.`,
  });
