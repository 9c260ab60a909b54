import type { ColumnInfo } from '../../../sql/changes/catalogue.ts';
import { typeOids } from '../value-json.ts';
import type { Condition, Term } from './expression.ts';
import { plainName, type Token, tokensOf } from './tokens.ts';

/** What stands between parentheses: a condition, a value, or a part of the token's claims. */
type Unit = Condition | Term | { readonly kind: 'claims'; readonly path: readonly string[] };

const integers = new Set(['smallint', 'integer', 'bigint']);

/**
 * Reads the condition of a policy where it is made of shapes that can be decided outside the database: equality and null tests
 * of columns, of claims by `auth.uid()`, `auth.role()`, `auth.email()` and `auth.jwt()`, and of constants, joined by AND, OR
 * and NOT.
 *
 * @param text as `pg_get_expr` writes it with an empty search path
 * @returns undefined for everything else
 */
export function parseCondition(text: string, columns: readonly ColumnInfo[]): Condition | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  try {
    return new Parser(tokens, columns).condition();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #columns: readonly ColumnInfo[];
  #at = 0;

  constructor(tokens: readonly Token[], columns: readonly ColumnInfo[]) {
    this.#tokens = tokens;
    this.#columns = columns;
  }

  condition(): Condition {
    const unit = this.#sequence();
    if (this.#at !== this.#tokens.length) throw new Unknown();
    return asCondition(unit);
  }

  #peek(kind: Token['kind'], text: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === kind && token.text === text;
  }

  #take(kind: Token['kind'], text: string): boolean {
    const isThere = this.#peek(kind, text);
    if (isThere) this.#at++;
    return isThere;
  }

  #expect(kind: Token['kind'], text: string): void {
    if (!this.#take(kind, text)) throw new Unknown();
  }

  /** Units joined by one kind of operator: everything else stands in parentheses of its own. */
  #sequence(): Unit {
    const first = this.#unit();
    for (const [word, kind] of [
      ['AND', 'and'],
      ['OR', 'or'],
    ] as const) {
      if (!this.#peek('word', word)) continue;
      const items = [asCondition(first)];
      while (this.#take('word', word)) items.push(asCondition(this.#unit()));
      return { kind, items };
    }
    if (this.#take('symbol', '=')) return equal(asTerm(first), asTerm(this.#unit()));
    if (this.#take('symbol', '<>')) return { kind: 'not', item: equal(asTerm(first), asTerm(this.#unit())) };
    if (this.#take('word', 'IS')) {
      const isNegated = this.#take('word', 'NOT');
      this.#expect('word', 'NULL');
      const test: Condition = { kind: 'isNull', term: asTerm(first) };
      return isNegated ? { kind: 'not', item: test } : test;
    }
    if (this.#take('symbol', '->>')) return { kind: 'claim', path: [...pathOf(first), this.#key()], type: 'text' };
    if (this.#take('symbol', '->')) return { kind: 'claims', path: [...pathOf(first), this.#key()] };
    return first;
  }

  #key(): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== 'string') throw new Unknown();
    if (this.#take('symbol', '::')) this.#expect('name', 'text');
    return token.text;
  }

  #unit(): Unit {
    let unit = this.#bare();
    while (this.#take('symbol', '::')) unit = cast(asTerm(unit), this.#typeName());
    return unit;
  }

  #bare(): Unit {
    if (this.#take('word', 'NOT')) return { kind: 'not', item: asCondition(this.#unit()) };
    if (this.#take('symbol', '(')) {
      const isSelect = this.#take('word', 'SELECT');
      const unit = this.#sequence();
      if (isSelect && this.#take('word', 'AS')) this.#at++;
      this.#expect('symbol', ')');
      return unit;
    }
    const token = this.#tokens[this.#at++];
    if (token?.kind === 'string') return { kind: 'literal', value: token.text, type: 'unknown' };
    if (token?.kind === 'number' && /^\d{1,18}$/.test(token.text))
      return { kind: 'literal', value: token.text, type: 'integer' };
    if (token?.kind !== 'name') throw new Unknown();
    if (token.text === 'true' || token.text === 'false') return { kind: 'constant', value: token.text === 'true' };
    return this.#peek('symbol', '(') ? this.#call(token.text) : this.#column(token.text);
  }

  #call(name: string): Unit {
    this.#expect('symbol', '(');
    this.#expect('symbol', ')');
    switch (name) {
      case 'auth.uid':
        return { kind: 'claim', path: ['sub'], type: 'uuid' };
      case 'auth.role':
        return { kind: 'claim', path: ['role'], type: 'text' };
      case 'auth.email':
        return { kind: 'claim', path: ['email'], type: 'text' };
      case 'auth.jwt':
        return { kind: 'claims', path: [] };
      default:
        throw new Unknown();
    }
  }

  #column(text: string): Unit {
    const name = plainName(text);
    const column = this.#columns.find((each) => each.name === name);
    const type = column && typeOf(column);
    if (!column || !type) throw new Unknown();
    return { kind: 'column', name: column.name, type };
  }

  #typeName(): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== 'name') throw new Unknown();
    if (token.text !== 'character') return token.text;
    this.#expect('name', 'varying');
    return 'text';
  }
}

/** Name of a column's type where equality is sameness of texts. */
function typeOf({ type, isBytewise }: ColumnInfo): string | undefined {
  switch (type.oid) {
    case typeOids.int2:
    case typeOids.int4:
    case typeOids.int8:
      return 'integer';
    case typeOids.uuid:
      return 'uuid';
    case typeOids.bool:
      return 'boolean';
    case typeOids.text:
    case typeOids.varchar:
      return isBytewise ? 'text' : undefined;
    default:
      return type.kind === 'e' ? type.sqlName : undefined;
  }
}

function cast(term: Term, type: string): Unit {
  const target = integers.has(type) ? 'integer' : type;
  if (term.type === target) return term;
  if (term.kind === 'literal' && term.type === 'unknown') {
    if (target === 'boolean') return { ...term, value: term.value.startsWith('t') ? 't' : 'f', type: target };
    return { ...term, type: target };
  }
  // As texts they are what they were. Of an integer claim the type's bounds decide whether it can be told here.
  if (target === 'text' && term.type !== 'boolean') {
    if (term.kind === 'column') return { ...term, type: 'text' };
    // It is checked and written in small letters even where it is compared as a text.
    if (term.kind === 'claim') return { ...term, type: term.type === 'uuid' ? 'uuid text' : 'text' };
  }
  if (term.kind === 'claim' && term.type === 'text' && (target === 'uuid' || type === 'bigint'))
    return { ...term, type: target };
  throw new Unknown();
}

const plain = (type: string): string => (type === 'uuid text' ? 'text' : type);

function equal(left: Term, right: Term): Condition {
  if (plain(left.type) !== plain(right.type) || left.type === 'unknown') throw new Unknown();
  return { kind: 'equal', left, right };
}

function asTerm(unit: Unit): Term {
  if (unit.kind === 'constant') return { kind: 'literal', value: unit.value ? 't' : 'f', type: 'boolean' };
  if (unit.kind === 'column' || unit.kind === 'claim' || unit.kind === 'literal') return unit;
  throw new Unknown();
}

function asCondition(unit: Unit): Condition {
  if (unit.kind === 'column' && unit.type === 'boolean')
    return { kind: 'equal', left: unit, right: { kind: 'literal', value: 't', type: 'boolean' } };
  if (unit.kind === 'column' || unit.kind === 'claim' || unit.kind === 'literal' || unit.kind === 'claims')
    throw new Unknown();
  return unit;
}

function pathOf(unit: Unit): readonly string[] {
  if (unit.kind !== 'claims') throw new Unknown();
  return unit.path;
}
