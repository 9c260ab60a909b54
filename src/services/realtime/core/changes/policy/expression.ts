/** A value inside a condition. Its type is one that two texts of are equal only when they are the same. */
export type Term =
  | { readonly kind: 'column'; readonly name: string; readonly type: string }
  /** A value of the token: `path` into the claims. */
  | { readonly kind: 'claim'; readonly path: readonly string[]; readonly type: string }
  | { readonly kind: 'literal'; readonly value: string; readonly type: string };

/** A condition that can be decided from a row and a token, with SQL's three values. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Condition[] }
  | { readonly kind: 'not'; readonly item: Condition }
  | { readonly kind: 'equal'; readonly left: Term; readonly right: Term }
  | { readonly kind: 'isNull'; readonly term: Term }
  | { readonly kind: 'constant'; readonly value: boolean };

/** A truth value; null is SQL's unknown. */
export type Truth = boolean | null;

/** A term's value: text, null, or undefined where it cannot be told here. */
export type TermValue = string | null | undefined;

/**
 * Decides a condition.
 *
 * @param read what a column or claim is
 * @returns undefined when a value that matters cannot be told here
 */
export function decide(condition: Condition, read: (term: Term) => TermValue): Truth | undefined {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'not': {
      const inner = decide(condition.item, read);
      return typeof inner === 'boolean' ? !inner : inner;
    }
    case 'isNull': {
      const value = read(condition.term);
      return value === undefined ? undefined : value === null;
    }
    case 'equal': {
      const left = read(condition.left);
      const right = read(condition.right);
      if (left === undefined || right === undefined) return undefined;
      return left === null || right === null ? null : left === right;
    }
    default:
      return decideAll(condition, read);
  }
}

function decideAll(
  { kind, items }: Extract<Condition, { kind: 'and' | 'or' }>,
  read: (term: Term) => TermValue,
): Truth | undefined {
  const decisive = kind === 'or';
  let result: Truth | undefined = !decisive;
  for (const item of items) {
    const truth = decide(item, read);
    // The database may look at it first, and fail: it cannot be told here whatever the others say.
    if (truth === undefined) return undefined;
    if (truth === decisive) result = decisive;
    else if (truth === null && result !== decisive) result = null;
  }
  return result;
}

/** All terms of a condition. */
export function termsOf(condition: Condition): Term[] {
  switch (condition.kind) {
    case 'constant':
      return [];
    case 'not':
      return termsOf(condition.item);
    case 'isNull':
      return [condition.term];
    case 'equal':
      return [condition.left, condition.right];
    default:
      return condition.items.flatMap(termsOf);
  }
}
