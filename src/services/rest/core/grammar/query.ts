import { restError } from '../../errors.ts';
import { logicTree } from './logic.ts';
import { fieldName, jsonPath } from './names.ts';
import { operatorExpression } from './operation.ts';
import { orderList } from './order.ts';
import type { Parameter } from './query-string.ts';
import { GrammarError, parseText, type Scanner } from './scanner.ts';
import { selectList } from './select.ts';
import type { Field, Filter, LogicTree, OrderTerm, Placed, RestQuery, RowRange, SelectItem } from './tree.ts';

/** How a query string is read. */
export interface QueryOptions {
  /** GET on a function: parameters whose value is no filter are arguments. */
  readonly allowsArguments: boolean;
  readonly maxDepth: number;
}

const everything: readonly SelectItem[] = [{ kind: 'star' }];
const none: readonly never[] = [];
const top: readonly string[] = [];
const plainName = /^[A-Za-z0-9_]+$/;
const plainPath = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+$/;
const dotLabel = 'delimiter (.)';

/** Parses the decoded parameters of a request. @throws PGRST100 */
export function parseQuery(parameters: readonly Parameter[], options: QueryOptions): RestQuery {
  return new QueryReader(options).read(parameters);
}

interface Given {
  readonly name: string;
  readonly value: string;
}

class QueryReader {
  readonly #options: QueryOptions;
  #select: string | undefined;
  #columns: string | undefined;
  #onConflict: string | undefined;
  readonly #filters: Given[] = [];
  readonly #logic: Given[] = [];
  readonly #order: Given[] = [];
  readonly #ranges: Given[] = [];

  constructor(options: QueryOptions) {
    this.#options = options;
  }

  read(parameters: readonly Parameter[]): RestQuery {
    for (const { name, value } of parameters) if (value !== undefined) this.#sort(name, value);
    const order = this.#order.length === 0 ? none : this.#order.map((given) => this.#orderOf(given));
    const logic = this.#logic.length === 0 ? none : this.#logic.map((given) => this.#logicOf(given));
    const columns = this.#columns === undefined ? undefined : this.#names(this.#columns, 'columns');
    const select = this.#select === undefined ? everything : this.#selectOf(this.#select);
    const args: (readonly [string, string])[] = [];
    const filters: Placed<Filter>[] = [];
    for (const given of this.#filters) {
      const { path, of } = this.#keyOf(given.name);
      const filter = this.#filterOf(of, given.value);
      if (filter === undefined) args.push([of.name, given.value]);
      else filters.push({ path, value: filter });
    }
    const onConflict = this.#onConflict === undefined ? undefined : this.#names(this.#onConflict, 'on_conflict');
    return {
      select,
      filters,
      logic,
      order,
      ranges: this.#ranges.length === 0 ? none : this.#rangesOf(),
      columns: columns && [...new Set(columns)].sort(),
      onConflict,
      args,
    };
  }

  /** Of the parameters that stand for the whole request the first one counts. */
  #sort(name: string, value: string): void {
    if (name === 'select') this.#select ??= value;
    else if (name === 'columns') this.#columns ??= value;
    else if (name === 'on_conflict') this.#onConflict ??= value;
    else this.#listFor(name.slice(name.lastIndexOf('.') + 1)).push({ name, value });
  }

  #listFor(lastWord: string): Given[] {
    switch (lastWord) {
      case 'and':
      case 'or':
        return this.#logic;
      case 'order':
        return this.#order;
      case 'limit':
      case 'offset':
        return this.#ranges;
      default:
        return this.#filters;
    }
  }

  #selectOf(value: string): readonly SelectItem[] {
    if (value === '*') return everything;
    return this.#parse('select parameter', value, value, selectList);
  }

  #names(value: string, source: 'columns' | 'on_conflict'): readonly string[] {
    return this.#parse(`${source} parameter`, value, value, nameList);
  }

  #orderOf({ name, value }: Given): Placed<readonly OrderTerm[]> {
    return { path: this.#keyOf(name).path, value: this.#parse('order', value, value, orderList) };
  }

  #logicOf({ name, value }: Given): Placed<LogicTree> {
    if (name === 'or' || name === 'and')
      return { path: top, value: this.#parse('logic tree', value, name + value, logicTree) };
    const words = this.#parse('logic path', name, name, namePath);
    const last = words[words.length - 1] as string;
    const operator = words.includes('not') ? `not.${last}` : last;
    const path = words.slice(0, -1).filter((word) => word !== 'not');
    return { path, value: this.#parse('logic tree', value, operator + value, logicTree) };
  }

  #filterOf(of: Field, value: string): Filter | undefined {
    const expression = this.#parse('filter', value, value, (s) => {
      const found = operatorExpression(s, false);
      if (found === undefined && !this.#options.allowsArguments) throw s.failure();
      return found;
    });
    return expression && { kind: 'filter', field: of, ...expression };
  }

  #keyOf(name: string): { path: readonly string[]; of: Field } {
    if (plainName.test(name)) return { path: top, of: { name, path: none } };
    if (plainPath.test(name)) {
      const path = name.split('.');
      return { of: { name: path.pop() as string, path: none }, path };
    }
    return this.#parse('tree path', name, name, (s) => {
      const names = [...namePath(s)];
      const path = jsonPath(s);
      return { of: { name: names.pop() as string, path }, path: names };
    });
  }

  /** One range a level; of a repeated parameter the last one counts, and text that is no number does not count. */
  #rangesOf(): readonly Placed<RowRange>[] {
    const levels = new Map<
      string,
      { path: readonly string[]; limit: number | undefined; offset: number | undefined }
    >();
    for (const { name, value } of this.#ranges) {
      const dot = name.lastIndexOf('.');
      const key = name.slice(0, Math.max(dot, 0));
      let level = levels.get(key);
      if (level === undefined) {
        const path = dot < 0 ? top : this.#keyOf(name).path;
        level = { path, limit: undefined, offset: undefined };
        levels.set(key, level);
      }
      level[name.slice(dot + 1) as 'limit' | 'offset'] = wholeNumber(value);
    }
    return [...levels.values()].map(({ path, ...value }) => ({ path, value }));
  }

  /** Runs a rule; a failure names the source with the value as it was sent. */
  #parse<T>(source: string, shown: string, text: string, rule: (s: Scanner) => T): T {
    try {
      return parseText(text, this.#options.maxDepth, rule);
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      const message = `"failed to parse ${source} (${shown})" (line ${error.line}, column ${error.column})`;
      throw restError('PGRST100', { message, details: error.message });
    }
  }
}

function nameList(s: Scanner): readonly string[] {
  const names: string[] = [];
  do {
    s.blanks();
    const name = fieldName(s);
    if (name === undefined) throw s.failure();
    names.push(name);
    s.blanks();
  } while (s.accept(','));
  return names;
}

function namePath(s: Scanner): readonly string[] {
  const names: string[] = [];
  do {
    const name = fieldName(s);
    if (name === undefined) throw s.failure();
    names.push(name);
  } while (s.accept('.', dotLabel));
  return names;
}

function wholeNumber(text: string): number | undefined {
  if (!/^\s*-?\d+\s*$/.test(text)) return undefined;
  return Math.max(-1, Math.min(Number(text), Number.MAX_SAFE_INTEGER));
}
