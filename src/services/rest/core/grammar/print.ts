import type { Field, Filter, JsonStep, LogicTree, Operation, OrderTerm, SelectItem } from './tree.ts';

const bare = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** A name as the grammar reads it back. */
export function printName(name: string): string {
  return bare.test(name) ? name : quote(name);
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

const printStep = ({ arrow, kind, value }: JsonStep): string =>
  `${arrow}${kind === 'key' ? printName(value) : value.replace('+', '')}`;

/** `column->path` */
export const printField = ({ name, path }: Field): string => `${printName(name)}${path.map(printStep).join('')}`;

const prefix = (alias: string | undefined): string => (alias === undefined ? '' : `${printName(alias)}:`);
const cast = (type: string | undefined): string => (type === undefined ? '' : `::${type}`);

/** A select list. */
export const printSelect = (items: readonly SelectItem[]): string => items.map(printItem).join(',');

function printItem(item: SelectItem): string {
  switch (item.kind) {
    case 'star':
      return '*';
    case 'count':
      return `${prefix(item.alias)}count()${cast(item.cast)}`;
    case 'column': {
      const aggregate = item.aggregate === undefined ? '' : `.${item.aggregate}()`;
      return `${prefix(item.alias)}${printField(item.field)}${cast(item.cast)}${aggregate}${cast(item.aggregateCast)}`;
    }
    case 'embed': {
      const hint = item.hint === undefined ? '' : `!${printName(item.hint)}`;
      const join = item.join === undefined ? '' : `!${item.join}`;
      const before = item.spread ? '...' : prefix(item.alias);
      return `${before}${printName(item.relation)}${hint}${join}(${printSelect(item.select)})`;
    }
  }
}

/** An operator with its value, as it stands behind a filter's `=`. */
export const printOperation = (negated: boolean, operation: Operation): string =>
  `${negated ? 'not.' : ''}${printOperator(operation, false)}`;

function printOperator(operation: Operation, inTree: boolean): string {
  const single = (value: string): string => (inTree ? quote(value) : value);
  switch (operation.kind) {
    case 'compare':
      return `${operation.operator}${operation.quantifier ? `(${operation.quantifier})` : ''}.${single(operation.value)}`;
    case 'in':
      return `in.(${operation.values.map(quote).join(',')})`;
    case 'is':
      return `is.${operation.value}`;
    case 'distinct':
      return `isdistinct.${single(operation.value)}`;
    case 'fts':
      return `${operation.operator}${operation.language === undefined ? '' : `(${operation.language})`}.${single(operation.value)}`;
  }
}

const printLeaf = ({ field, negated, operation }: Filter): string =>
  `${printField(field)}.${negated ? 'not.' : ''}${printOperator(operation, true)}`;

/** A logic tree; a group with its operator in front. */
export function printLogic(tree: LogicTree): string {
  if (tree.kind === 'filter') return printLeaf(tree);
  return `${tree.negated ? 'not.' : ''}${tree.operator}(${tree.children.map(printLogic).join(',')})`;
}

/** An order list. */
export const printOrder = (terms: readonly OrderTerm[]): string =>
  terms
    .map(({ relation, field, direction, nulls }) => {
      const of = relation === undefined ? printField(field) : `${printName(relation)}(${printField(field)})`;
      return [of, direction, nulls].filter((part) => part !== undefined).join('.');
    })
    .join(',');
