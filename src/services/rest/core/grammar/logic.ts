import { field } from './names.ts';
import { operatorExpression } from './operation.ts';
import { GrammarError, type Scanner } from './scanner.ts';
import type { Filter, LogicTree } from './tree.ts';

const dotLabel = 'delimiter (.)';
const notLabel = 'negation operator (not)';
const operatorLabel = 'logic operator (and, or)';

/** A condition or a group of conditions. A condition is tried first, so columns may be called `and…`. @throws GrammarError */
export function logicTree(s: Scanner): LogicTree {
  const start = s.position;
  const leaf = tryFilter(s);
  if (leaf !== undefined) return leaf;
  s.position = start;
  const negated = s.skip('not.');
  if (negated) s.rewind(s.position);
  else s.miss(notLabel);
  const operator = s.skip('and') ? 'and' : s.skip('or') ? 'or' : undefined;
  if (operator === undefined) {
    s.miss(operatorLabel);
    throw s.failure();
  }
  s.rewind(s.position);
  return { kind: 'group', negated, operator, children: children(s) };
}

function children(s: Scanner): readonly LogicTree[] {
  s.enter();
  s.blanks();
  if (!s.accept('(')) throw s.failure();
  s.blanks();
  const trees = [logicTree(s)];
  for (;;) {
    s.blanks();
    if (!s.accept(',')) break;
    s.blanks();
    trees.push(logicTree(s));
  }
  if (!s.accept(')')) throw s.failure();
  s.blanks();
  s.leave();
  return trees;
}

/** `field.not.operator.value`; undefined, with the reason noted, for anything else. */
function tryFilter(s: Scanner): Filter | undefined {
  try {
    const of = field(s);
    if (of === undefined) return undefined;
    if (!s.accept('.', dotLabel)) return undefined;
    const expression = operatorExpression(s, true);
    return expression && { kind: 'filter', field: of, ...expression };
  } catch (error) {
    // It may still be a group; the notes stay with the scanner.
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}
