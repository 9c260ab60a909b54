import { field, fieldName } from './names.ts';
import { end, type Scanner } from './scanner.ts';
import type { Field, OrderTerm } from './tree.ts';

const dotLabel = 'delimiter (.)';
const comma = 0x2c;
const opening = 0x28;

/** The list of `order`. @throws GrammarError */
export function orderList(s: Scanner): readonly OrderTerm[] {
  const terms: OrderTerm[] = [];
  do {
    s.blanks();
    terms.push(relatedTerm(s) ?? term(s));
    s.blanks();
  } while (s.accept(','));
  return terms;
}

/** `relation(field).desc`; undefined, with the cursor put back, when it is no such term. */
function relatedTerm(s: Scanner): OrderTerm | undefined {
  const start = s.position;
  const relation = fieldName(s);
  if (relation !== undefined && s.peek() === opening) {
    s.position++;
    const of = field(s);
    if (of !== undefined && s.skip(')')) {
      const rest = directionOf(s, relation, of);
      if (rest !== undefined) return rest;
    }
  }
  s.rewind(start);
  return undefined;
}

function term(s: Scanner): OrderTerm {
  const of = field(s);
  const found = of && directionOf(s, undefined, of);
  if (found === undefined) throw s.failure();
  return found;
}

function directionOf(s: Scanner, relation: string | undefined, of: Field): OrderTerm | undefined {
  let direction: OrderTerm['direction'];
  let nulls: OrderTerm['nulls'];
  if (s.accept('.', dotLabel)) {
    if (s.accept('asc')) direction = 'asc';
    else if (s.accept('desc')) direction = 'desc';
    else if (s.accept('nullsfirst')) nulls = 'nullsfirst';
    else if (s.accept('nullslast')) nulls = 'nullslast';
    else return undefined;
    if (direction !== undefined && s.accept('.', dotLabel)) {
      if (s.accept('nullsfirst')) nulls = 'nullsfirst';
      else if (s.accept('nullslast')) nulls = 'nullslast';
      else return undefined;
    }
  }
  const code = s.peek();
  if (code === comma || code === end) return { relation, field: of, direction, nulls };
  s.miss('","');
  s.missEnd();
  return undefined;
}
