import { identifier, tryQuotedValue } from './names.ts';
import { end, type Scanner } from './scanner.ts';
import type { CompareOperator, FullTextOperator, IsValue, Operation } from './tree.ts';

const operatorLabel = 'operator (eq, gt, ...)';
const dotLabel = 'delimiter (.)';
const isLabel = 'isVal: (null, not_null, true, false, unknown)';
const dot = 0x2e;
const opening = 0x28;
const closing = 0x29;
const comma = 0x2c;

type OperatorClass = 'simple' | 'quantified' | 'fts' | 'in' | 'is' | 'distinct';

/** Every operator with the form its value has. */
const operators: ReadonlyMap<string, OperatorClass> = new Map<string, OperatorClass>([
  ...(['neq', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj'] as const).map((name) => [name, 'simple'] as const),
  ...(['eq', 'gte', 'gt', 'lte', 'lt', 'like', 'ilike', 'match', 'imatch'] as const).map(
    (name) => [name, 'quantified'] as const,
  ),
  ...(['fts', 'plfts', 'phfts', 'wfts'] as const).map((name) => [name, 'fts'] as const),
  ['in', 'in'],
  ['is', 'is'],
  ['isdistinct', 'distinct'],
]);

const isValues: readonly IsValue[] = ['null', 'not_null', 'true', 'false', 'unknown'];

/** `not.operator.value` */
export interface OperatorExpression {
  readonly negated: boolean;
  readonly operation: Operation;
}

/**
 * Reads an operator with its value. A top-level value goes to the end of the text and is taken as it is; in a logic
 * tree it ends at a comma or closing parenthesis and may be quoted.
 *
 * @returns undefined, with the reason noted and the cursor put back, when the text does not begin like an operator
 * @throws GrammarError when it does, and then goes wrong
 */
export function operatorExpression(s: Scanner, inTree: boolean): OperatorExpression | undefined {
  const start = s.position;
  const negated = s.skip('not.');
  if (!negated) noteMissingNot(s);
  const operation = operationOf(s, inTree);
  if (operation !== undefined) return { negated, operation };
  if (negated) throw s.failure();
  s.position = start;
  return undefined;
}

function noteMissingNot(s: Scanner): void {
  if (!s.text.startsWith('not', s.position)) {
    s.missLiteral('not');
    return;
  }
  s.miss(dotLabel, s.position + 3);
}

function wordEnd(s: Scanner): number {
  let at = s.position;
  for (; at < s.text.length; at++) {
    const code = s.text.charCodeAt(at);
    if (code < 0x61 || code > 0x7a) break;
  }
  return at;
}

function operationOf(s: Scanner, inTree: boolean): Operation | undefined {
  const { text, position: start } = s;
  const word = text.slice(start, wordEnd(s));
  const kind = operators.get(word);
  if (kind === undefined) return noteUnknownOperator(s);
  s.position = start + word.length;
  if (kind === 'quantified' || kind === 'fts') return modified(s, word, kind, inTree);
  if (s.peek() !== dot) return noteOperatorEnd(s);
  s.position++;
  if (kind === 'in') return { kind: 'in', values: listValue(s) };
  if (kind === 'is') return { kind: 'is', value: isValue(s) };
  if (kind === 'distinct') return { kind: 'distinct', value: singleValue(s, inTree) };
  return {
    kind: 'compare',
    operator: word as CompareOperator,
    quantifier: undefined,
    value: singleValue(s, inTree),
  };
}

/** `eq(any).…` and `fts(english).…` */
function modified(s: Scanner, word: string, kind: 'quantified' | 'fts', inTree: boolean): Operation | undefined {
  const behind = s.position;
  let modifier: string | undefined;
  if (s.peek() === opening) {
    s.position++;
    modifier = kind === 'fts' ? languageOf(s) : quantifierOf(s);
    if (modifier === undefined || s.peek() !== closing) {
      // What stands between the parentheses is said to be wrong, not the parenthesis.
      s.miss(operatorLabel);
      s.position = behind;
      return undefined;
    }
    s.position++;
  }
  if (s.peek() !== dot) return noteOperatorEnd(s);
  s.position++;
  const value = singleValue(s, inTree);
  return kind === 'fts'
    ? { kind: 'fts', operator: word as FullTextOperator, language: modifier, value }
    : {
        kind: 'compare',
        operator: word as CompareOperator,
        quantifier: modifier as 'any' | 'all' | undefined,
        value,
      };
}

function languageOf(s: Scanner): string | undefined {
  const { position } = s;
  try {
    return identifier(s);
  } catch {
    // The caller tells what is wrong here.
    s.rewind(position);
    return undefined;
  }
}

function quantifierOf(s: Scanner): 'any' | 'all' | undefined {
  if (s.skip('any')) return 'any';
  return s.skip('all') ? 'all' : undefined;
}

function noteOperatorEnd(s: Scanner): undefined {
  s.miss(operatorLabel);
  return undefined;
}

/** Notes a failure behind the longest operator the text begins with, or at its first character. */
function noteUnknownOperator(s: Scanner): undefined {
  let longest = '';
  for (const name of operators.keys())
    if (name.length > longest.length && s.text.startsWith(name, s.position)) longest = name;
  if (longest === '') s.missLiteral('in', operatorLabel);
  else s.miss(operatorLabel, s.position + longest.length);
  return undefined;
}

/** The word behind `is.`, in any case. @throws GrammarError */
function isValue(s: Scanner): IsValue {
  const { text, position: start } = s;
  let furthest = start;
  for (const word of isValues) {
    let same = 0;
    while (same < word.length && text[start + same]?.toLowerCase() === word[same]) same++;
    if (same === word.length) {
      s.position = start + same;
      return word;
    }
    furthest = Math.max(furthest, start + same);
  }
  s.miss(isLabel, furthest);
  throw s.failure();
}

/** `(a,"b,c",d)`. Blanks around the parentheses do not count. @throws GrammarError */
function listValue(s: Scanner): readonly string[] {
  s.blanks();
  if (!s.accept('(')) throw s.failure();
  s.blanks();
  const values: string[] = [];
  do values.push(quotedElement(s) ?? rawElement(s));
  while (s.accept(','));
  s.blanks();
  if (!s.accept(')')) throw s.failure();
  s.blanks();
  return values;
}

/** A quoted text that is all there is up to the next comma or closing parenthesis. */
function quotedElement(s: Scanner): string | undefined {
  const start = s.position;
  const value = tryQuotedValue(s);
  if (typeof value === 'string') {
    const code = s.peek();
    if (code === comma || code === closing || code === end) return value;
  }
  s.rewind(start);
  return undefined;
}

function rawElement(s: Scanner): string {
  const start = s.position;
  for (;;) {
    const code = s.peek();
    if (code === comma || code === closing || code === end) break;
    s.position++;
  }
  return s.text.slice(start, s.position);
}

function singleValue(s: Scanner, inTree: boolean): string {
  if (!inTree) {
    const value = s.text.slice(s.position);
    s.position = s.text.length;
    return value;
  }
  return quotedElement(s) ?? arrayLiteral(s) ?? rawElement(s);
}

/** `{…}` without inner braces: commas in it belong to the value. */
function arrayLiteral(s: Scanner): string | undefined {
  const { text, position: start } = s;
  if (text[start] !== '{') return undefined;
  let at = start + 1;
  while (at < text.length && text[at] !== '{' && text[at] !== '}') at++;
  if (text[at] !== '}') return undefined;
  s.position = at + 1;
  return text.slice(start, s.position);
}
