import { printField, printLogic, printName, printOperation, printOrder, printSelect } from '../core/grammar/print.ts';
import type {
  Aggregate,
  CompareOperator,
  Field,
  Filter,
  JsonStep,
  LogicTree,
  Operation,
  OrderTerm,
  SelectItem,
} from '../core/grammar/tree.ts';
import { type Chooser, type RandomColumn, type RandomLink, type RandomTable, randomTexts } from './random-schema.ts';

/** A column of an answer. */
export interface RandomOutput {
  readonly alias: string;
  readonly field: Field;
  readonly cast: 'text' | undefined;
}

/** A value over all rows of a group; without a field it counts rows. */
export interface RandomAggregate {
  readonly alias: string;
  readonly field: Field | undefined;
  readonly aggregate: Aggregate;
}

/** An embed of a level. */
export interface RandomEmbed {
  readonly link: RandomLink;
  /** Undefined for a spread. */
  readonly alias: string | undefined;
  readonly inner: boolean;
  readonly level: RandomLevel;
  /** The parent is kept only if this has no rows (true), or some (false). */
  readonly keepsIfEmpty: boolean | undefined;
}

/** One level of a random query. */
export interface RandomLevel {
  readonly table: RandomTable;
  readonly star: boolean;
  readonly outputs: readonly RandomOutput[];
  readonly aggregates: readonly RandomAggregate[];
  readonly embeds: readonly RandomEmbed[];
  readonly filters: readonly Filter[];
  readonly logic: readonly LogicTree[];
  readonly order: readonly OrderTerm[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
}

/** What a query may contain. */
export interface QueryBounds {
  readonly depth: number;
  /** Null filters and `!inner` at the top, which writes have no use for. */
  readonly filtersByEmbeds: boolean;
}

/** Makes random queries. */
export class QueryMaker {
  readonly #choose: Chooser;
  #names = 0;
  // More would make a request line longer than any server takes.
  #embedsLeft = 8;

  constructor(choose: Chooser) {
    this.#choose = choose;
  }

  /** A level with what is embedded in it. */
  level(table: RandomTable, { depth, filtersByEmbeds }: QueryBounds, isSpread = false): RandomLevel {
    const choose = this.#choose;
    const embeds: RandomEmbed[] = [];
    if (depth > 0)
      for (const link of choose.some(table.links, 40))
        if (this.#embedsLeft-- > 0) embeds.push(this.#embed(link, embeds, depth, filtersByEmbeds));
    const outputs = choose.list(3, () => this.#output(choose.of(table.columns)));
    return {
      table,
      // At the top, an empty list means everything too.
      star: !isSpread && outputs.length === 0 && (embeds.length === 0 || choose.chance(60)),
      outputs,
      aggregates: [],
      embeds,
      filters: choose.list(2, () => this.#filter(table)),
      logic: choose.chance(40) ? [this.#group(table, 2)] : [],
      order: [...this.#order(table), ...this.#relatedOrder(embeds), this.#byKey(table)],
      limit: choose.chance(25) ? choose.between(0, 3) : undefined,
      offset: choose.chance(15) ? choose.between(0, 2) : undefined,
    };
  }

  /** A level whose rows are grouped, at the top perhaps by columns of what it refers to: those cannot be ordered by. */
  grouped(table: RandomTable, isTop = true): RandomLevel {
    const choose = this.#choose;
    const groups = choose.some(table.columns.filter(isGroupable), 25).map((column) => this.#plain(column));
    const links = table.links.filter(({ toOne }) => toOne);
    const embeds = links.length > 0 && choose.chance(50) ? [this.#groupedSpread(choose.of(links), isTop)] : [];
    return {
      table,
      star: false,
      outputs: groups,
      aggregates: [this.#aggregate(table), ...choose.list(2, () => this.#aggregate(table))],
      embeds,
      filters: choose.list(1, () => this.#filter(table)),
      logic: [],
      order: groups.map(({ field }) => ({ relation: undefined, field, direction: undefined, nulls: undefined })),
      limit: undefined,
      offset: undefined,
    };
  }

  #groupedSpread(link: RandomLink, groupsBy: boolean): RandomEmbed {
    const choose = this.#choose;
    const groups = choose
      .some(groupsBy ? link.to.columns.filter(isGroupable) : [], 20)
      .map((column) => this.#plain(column));
    const level: RandomLevel = {
      table: link.to,
      star: false,
      outputs: groups,
      aggregates: choose.list(2, () => this.#aggregate(link.to)),
      embeds: [],
      filters: choose.list(1, () => this.#filter(link.to)),
      logic: [],
      order: [],
      limit: undefined,
      offset: undefined,
    };
    return { link, alias: undefined, inner: choose.chance(20), level, keepsIfEmpty: undefined };
  }

  #aggregate(table: RandomTable): RandomAggregate {
    const choose = this.#choose;
    const numbers = table.columns.filter(({ type }) => type === 'int' || type === 'numeric');
    if (choose.chance(30)) return { alias: this.#name(), field: undefined, aggregate: 'count' };
    const aggregate = choose.of(['sum', 'avg', 'count', 'max', 'min'] as const);
    return { alias: this.#name(), field: plainField(choose.of(numbers).name), aggregate };
  }

  #embed(link: RandomLink, before: readonly RandomEmbed[], depth: number, filters: boolean): RandomEmbed {
    const choose = this.#choose;
    // A spread goes by the relation's name, which must be that of no other embed.
    const isTaken = before.some((one) => one.link.relation === link.relation);
    const isSpread = !isTaken && choose.chance(35);
    if (!isSpread && !link.toOne && choose.chance(15))
      return { link, alias: this.#name(), inner: false, level: this.grouped(link.to, false), keepsIfEmpty: undefined };
    const level = this.level(link.to, { depth: depth - 1, filtersByEmbeds: true }, isSpread);
    const keepsIfEmpty = filters && choose.chance(15) ? choose.chance(50) : undefined;
    return {
      link,
      alias: isSpread ? undefined : this.#name(),
      inner: filters && choose.chance(25),
      level,
      keepsIfEmpty,
    };
  }

  #name(): string {
    this.#names++;
    return this.#choose.of([`n${this.#names}`, `N ${this.#names}`, `n"${this.#names}`, `ñ,${this.#names}`]);
  }

  #plain({ name }: RandomColumn): RandomOutput {
    return { alias: this.#name(), field: plainField(name), cast: undefined };
  }

  #output(column: RandomColumn): RandomOutput {
    const field = this.#field(column);
    // An index right before a parenthesis would be read as a key.
    const endsInIndex = field.path[field.path.length - 1]?.kind === 'index';
    return { alias: this.#name(), field, cast: endsInIndex || this.#choose.chance(20) ? 'text' : undefined };
  }

  #field(column: RandomColumn): Field {
    const choose = this.#choose;
    if (column.type !== 'jsonb' && column.type !== 'int[]') return plainField(column.name);
    if (choose.chance(30)) return plainField(column.name);
    return { name: column.name, path: this.#path(column) };
  }

  #path({ type }: RandomColumn): JsonStep[] {
    const choose = this.#choose;
    const arrow = choose.of(['->', '->>'] as const);
    if (type === 'int[]') return [{ arrow, kind: 'index', value: choose.of(['+0', '-1', '+5']) }];
    return choose.of<JsonStep[]>([
      [{ arrow, kind: 'key', value: 'k' }],
      [
        { arrow: '->', kind: 'key', value: 'k k' },
        { arrow, kind: 'key', value: 'l' },
      ],
      [
        { arrow: '->', kind: 'key', value: 'list' },
        { arrow: '->', kind: 'index', value: '+1' },
        { arrow, kind: 'key', value: 'm' },
      ],
    ]);
  }

  #filter(table: RandomTable): Filter {
    const choose = this.#choose;
    const column = choose.of(table.columns);
    const field = this.#field(column);
    return { kind: 'filter', field, negated: choose.chance(25), operation: this.#operation(column, field) };
  }

  #group(table: RandomTable, depth: number): LogicTree {
    const choose = this.#choose;
    const children = Array.from({ length: choose.between(1, 3) }, () =>
      depth > 0 && choose.chance(35) ? this.#group(table, depth - 1) : this.#filter(table),
    );
    return { kind: 'group', negated: choose.chance(25), operator: choose.of(['and', 'or'] as const), children };
  }

  #operation({ name, type }: RandomColumn, { path }: Field): Operation {
    const choose = this.#choose;
    // A column that a self-reference goes by may be an embed, of which `is.null` would be said.
    const nulls = name.startsWith('ref ') ? (['not_null'] as const) : (['null', 'not_null'] as const);
    if (choose.chance(12)) return { kind: 'is', value: choose.of(nulls) };
    const last = path[path.length - 1];
    if (last?.arrow === '->>') return this.#ofText();
    if (last !== undefined) return compare('eq', choose.of(['1', '"x"', '2', 'null']));
    switch (type) {
      case 'text':
        return this.#ofText();
      case 'boolean':
        if (choose.chance(50)) return compare(choose.of(['eq', 'neq'] as const), choose.of(['true', 'f']));
        return { kind: 'is', value: choose.of(['true', 'false', 'unknown'] as const) };
      case 'jsonb':
        return compare(choose.of(['cs', 'cd'] as const), choose.of(['{"k": 1}', '[1]', '{}']));
      case 'int[]':
        return compare(choose.of(['cs', 'cd', 'ov'] as const), choose.of(['{1}', '{1,2,3}', '{}']));
      default:
        return this.#ofNumber();
    }
  }

  #ofNumber(): Operation {
    const choose = this.#choose;
    const value = () => String(choose.between(-2, 4));
    if (choose.chance(15)) return { kind: 'in', values: Array.from({ length: choose.between(1, 3) }, value) };
    if (choose.chance(10)) return { kind: 'distinct', value: value() };
    const operator = choose.of(['eq', 'gt', 'gte', 'lt', 'lte'] as const);
    if (choose.chance(20)) {
      const quantifier = choose.of(['any', 'all'] as const);
      return { kind: 'compare', operator, quantifier, value: `{${value()},${value()}}` };
    }
    return compare(choose.chance(15) ? 'neq' : operator, value());
  }

  #ofText(): Operation {
    const choose = this.#choose;
    const value = () => choose.of(randomTexts);
    if (choose.chance(20)) return { kind: 'in', values: Array.from({ length: choose.between(1, 3) }, value) };
    if (choose.chance(10)) return { kind: 'distinct', value: value() };
    if (choose.chance(30))
      return compare(choose.of(['like', 'ilike'] as const), choose.of(['a*', '*B*', '%', '_', '*)']));
    if (choose.chance(20)) return compare(choose.of(['match', 'imatch'] as const), choose.of(['^a', 'B', '.', 'e$']));
    return compare(choose.of(['eq', 'neq', 'gt', 'lte'] as const), value());
  }

  #order(table: RandomTable): OrderTerm[] {
    const choose = this.#choose;
    const sortable = table.columns.filter(isGroupable);
    return choose.list(2, () => ({
      relation: undefined,
      field: plainField(choose.of(sortable).name),
      direction: choose.of(['asc', 'desc', undefined] as const),
      nulls: choose.of(['nullsfirst', 'nullslast', undefined] as const),
    }));
  }

  #relatedOrder(embeds: readonly RandomEmbed[]): OrderTerm[] {
    const choose = this.#choose;
    return choose
      .some(
        embeds.filter(({ link }) => link.toOne),
        40,
      )
      .map(({ link, alias }) => ({
        relation: alias ?? link.relation,
        field: plainField(choose.of(link.to.columns.filter(isGroupable)).name),
        direction: choose.of(['asc', 'desc'] as const),
        nulls: undefined,
      }));
  }

  #byKey({ key }: RandomTable): OrderTerm {
    return { relation: undefined, field: plainField(key), direction: undefined, nulls: undefined };
  }
}

const plainField = (name: string): Field => ({ name, path: [] });
const isGroupable = ({ type }: RandomColumn): boolean => type !== 'jsonb' && type !== 'int[]';
const compare = (operator: CompareOperator, value: string): Operation => ({
  kind: 'compare',
  operator,
  quantifier: undefined,
  value,
});

/** The query string of a level, encoded. */
export function queryString(level: RandomLevel): string {
  const parameters: [string, string][] = [];
  if (!level.star || level.embeds.length > 0) parameters.push(['select', printSelect(selectOf(level))]);
  addParameters(level, [], parameters);
  return parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

function selectOf({ star, outputs, aggregates, embeds }: RandomLevel): SelectItem[] {
  return [
    ...(star ? [{ kind: 'star' as const }] : []),
    ...outputs.map(({ alias, field, cast }) => ({
      kind: 'column' as const,
      field,
      alias,
      cast,
      aggregate: undefined,
      aggregateCast: undefined,
    })),
    ...aggregates.map(
      ({ alias, field, aggregate }): SelectItem =>
        field === undefined
          ? { kind: 'count', alias, cast: undefined }
          : { kind: 'column', field, alias, cast: undefined, aggregate, aggregateCast: undefined },
    ),
    ...embeds.map(({ link, alias, inner, level }) => ({
      kind: 'embed' as const,
      relation: link.relation,
      alias,
      hint: link.hint,
      join: inner ? ('inner' as const) : undefined,
      spread: alias === undefined,
      select: selectOf(level),
    })),
  ];
}

function addParameters(level: RandomLevel, path: readonly string[], parameters: [string, string][]): void {
  const key = (last: string): string => [...path.map(printName), last].join('.');
  for (const { field, negated, operation } of level.filters)
    parameters.push([key(printField(field)), printOperation(negated, operation)]);
  for (const tree of level.logic) {
    const printed = printLogic(tree);
    const open = printed.indexOf('(');
    parameters.push([key(printed.slice(0, open)), printed.slice(open)]);
  }
  if (level.order.length > 0) parameters.push([key('order'), printOrder(level.order)]);
  if (level.limit !== undefined) parameters.push([key('limit'), String(level.limit)]);
  if (level.offset !== undefined) parameters.push([key('offset'), String(level.offset)]);
  for (const { link, alias, level: below, keepsIfEmpty } of level.embeds) {
    const name = alias ?? link.relation;
    if (keepsIfEmpty !== undefined) parameters.push([key(printName(name)), keepsIfEmpty ? 'is.null' : 'not.is.null']);
    addParameters(below, [...path, name], parameters);
  }
}
