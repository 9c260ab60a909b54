import { restError } from '../../errors.ts';
import { findTable, isToOne, type Relationship, type SchemaCache, type Table } from '../cache/model.ts';
import type { Aggregate, Field, Filter, RestQuery } from '../grammar/tree.ts';
import { planField, planFilter, planLogic, toJsonOf } from './fields.ts';
import { findRelationship } from './find-relationship.ts';
import { childOf, notEmbedded, type QueryNode, queryTree } from './query-tree.ts';
import type {
  Condition,
  EmbedPlan,
  LevelPlan,
  LevelSource,
  OrderPlan,
  Output,
  OutputSource,
  PlannedField,
} from './read-plan.ts';

/** What a read is planned from. */
export interface ReadInput {
  readonly cache: SchemaCache;
  /** The request's schema, in which relationships are looked for. */
  readonly schema: string;
  readonly query: RestQuery;
  readonly from: LevelSource;
  /** False for writes: there the top level's filters say which rows are changed. */
  readonly filtersTop: boolean;
  /** Rows of the top level; undefined: all. */
  readonly limit: number | undefined;
  readonly offset: number;
  /** Rows of each embedded list at most. */
  readonly maxRows: number | undefined;
  readonly allowsAggregates: boolean;
}

/** Plans a read. @throws PGRST108, PGRST118, PGRST123, PGRST127, PGRST200, PGRST201 */
export function planRead(input: ReadInput): LevelPlan {
  const root = queryTree(input.query);
  const resolved = resolve(root, input.from, 0, input);
  checkAggregates(resolved, input.allowsAggregates);
  return planLevel(resolved, input, false).level;
}

/** A level whose way from the level above is known. */
interface ResolvedNode {
  readonly node: QueryNode;
  readonly from: LevelSource;
  readonly link: Link | undefined;
  readonly children: readonly ResolvedNode[];
}

interface Link {
  readonly relationship: Relationship;
  readonly alias: string;
  readonly toOne: boolean;
}

const longestName = 60;

function resolve(node: QueryNode, from: LevelSource, depth: number, input: ReadInput, link?: Link): ResolvedNode {
  const children = node.children.map((child, index) => {
    const { relation, alias, hint } = child.embed as NonNullable<QueryNode['embed']>;
    const origin = depth === 0 ? (from.alias ?? from.name) : from.name;
    const relationship = findRelationship(input.cache, input.schema, origin, { target: relation, hint });
    const { schema, name } = relationship.foreignTable;
    const source: LevelSource = {
      schema,
      name,
      alias: relationship.kind === 'many-to-many' ? undefined : shortened(`${name}_${depth + 1}`, depth, index),
      table: findTable(input.cache, schema, name),
    };
    const lateral = shortened(`${relationship.table.name}_${alias ?? relation}_${depth + 1}`, depth, index);
    return resolve(child, source, depth + 1, input, { relationship, alias: lateral, toOne: isToOne(relationship) });
  });
  return { node, from, link, children };
}

// The server cuts longer names, and what is left of two of them may be the same.
function shortened(name: string, depth: number, index: number): string {
  return Buffer.byteLength(name) <= longestName ? name : `embed_${depth + 1}_${index}`;
}

function checkAggregates({ node, link, children }: ResolvedNode, allowed: boolean, inList = false): void {
  const isList = inList || (link !== undefined && !link.toOne && node.embed?.spread === true);
  const has = node.select.some((item) => item.kind === 'count' || (item.kind === 'column' && item.aggregate));
  if (has && !allowed) throw restError('PGRST123');
  if (has && isList)
    throw restError('PGRST127', {
      details: 'Aggregates are not implemented for one-to-many or many-to-many spreads.',
    });
  for (const child of children) checkAggregates(child, allowed, isList && child.node.embed?.spread === true);
}

/** An aggregate that a spread hands up: the column it goes over, and what it is to become. */
interface Carried {
  readonly column: string;
  readonly aggregate: Aggregate;
  readonly cast: string | undefined;
  readonly name: string;
}

interface Planned {
  readonly level: LevelPlan;
  readonly carried: readonly Carried[];
}

/** Plans one level and those below. @param carries whether its aggregates are computed by the level above */
function planLevel(resolved: ResolvedNode, input: ReadInput, carries: boolean): Planned {
  const { node, from, children, link } = resolved;
  const embeds = children.map((child) => planEmbed(child, input));
  const outputs = new Outputs(from.table, carries, expandsStar(resolved, input.filtersTop));
  outputs.addFields(node);
  for (const embed of embeds) outputs.addEmbed(embed);
  const find = (name: string) => {
    const index = node.children.indexOf(childOf(node, name) as QueryNode);
    return index < 0 ? undefined : (embeds[index] as PlannedEmbed).plan;
  };
  const isTop = link === undefined;
  const range = isTop ? input : embedRange(resolved, input);
  const level: LevelPlan = {
    from,
    outputs: outputs.list,
    embeds: embeds.map(({ plan }) => plan),
    conditions: isTop && !input.filtersTop ? [] : conditionsOf(node, from.table, find),
    order: node.order.length === 0 ? [] : ordersOf(node, from.table, find),
    limit: range.limit,
    offset: range.offset,
    isGrouped: outputs.list.some(({ aggregate }) => aggregate !== undefined),
  };
  return { level, carried: outputs.carried };
}

// A column-wise look at the rows is needed where they are grouped, spread, or where a domain is shown in its own way;
// and over a CTE, which may hold computed fields besides the columns.
function expandsStar({ node, from, children, link }: ResolvedNode, filtersTop: boolean): boolean {
  const filters = filtersTop ? node.filters.length + node.logic.length : 0;
  if (from.table?.hasRepresentations) return true;
  if (from.schema === '' && node.select.length + node.order.length + filters > 1) return true;
  if (link !== undefined && node.embed?.spread) return true;
  const aggregates = (one: ResolvedNode): boolean =>
    one.node.select.some((item) => item.kind === 'count' || (item.kind === 'column' && item.aggregate)) ||
    one.children.some((child) => child.node.embed?.spread && aggregates(child));
  return aggregates({ node, from, children, link });
}

function embedRange(
  { node, link }: ResolvedNode,
  { maxRows }: ReadInput,
): { limit: number | undefined; offset: number } {
  const { limit, offset = 0 } = node.range ?? { limit: undefined };
  const { relationship, toOne } = link as Link;
  // A function that says it gives one row may give more, and a row of the parent must not appear twice.
  if (relationship.kind === 'computed' && toOne) return { limit: Math.min(limit ?? 1, 1), offset: offset ?? 0 };
  const most = toOne ? undefined : maxRows;
  return {
    limit: limit === undefined || most === undefined ? (limit ?? most) : Math.min(limit, most),
    offset: offset ?? 0,
  };
}

interface PlannedEmbed {
  readonly plan: EmbedPlan;
  readonly name: string;
  readonly carried: readonly Carried[];
}

function planEmbed(resolved: ResolvedNode, input: ReadInput): PlannedEmbed {
  const embed = resolved.node.embed as NonNullable<QueryNode['embed']>;
  const { relationship, alias, toOne } = resolved.link as Link;
  const { level, carried } = planLevel(resolved, input, embed.spread && toOne);
  const plan: EmbedPlan = {
    alias,
    relationship,
    toOne,
    inner: embed.join === 'inner',
    spread: embed.spread,
    level,
    hidden: [],
  };
  return { plan, name: embed.alias ?? embed.relation, carried };
}

/** Collects the output columns of a level: fields first, embeds behind them. */
class Outputs {
  readonly list: Output[] = [];
  readonly carried: Carried[] = [];
  readonly #table: Table | undefined;
  readonly #carries: boolean;
  readonly #expands: boolean;

  constructor(table: Table | undefined, carries: boolean, expands: boolean) {
    this.#table = table;
    this.#carries = carries;
    this.#expands = expands;
  }

  addFields({ embed, select }: QueryNode): void {
    // `select=` asks for everything, `relation()` for nothing.
    if (embed === undefined && select.length === 0) this.#addAll();
    for (const item of select) {
      if (item.kind === 'star') this.#addAll();
      else if (item.kind === 'count') this.#add({ kind: 'row' }, undefined, 'count', item.cast, item.alias ?? 'count');
      else if (item.kind === 'column') {
        const field = planField(this.#table, item.field);
        const shown = field.path.length === 0 && item.aggregate === undefined;
        const toJson = shown ? toJsonOf(this.#table, field.name) : undefined;
        const name = item.alias ?? item.aggregate ?? outputName(field);
        this.#add({ kind: 'field', field, toJson }, item.cast, item.aggregate, item.aggregateCast, name);
      }
    }
  }

  addEmbed({ plan, name, carried }: PlannedEmbed): void {
    if (!plan.spread) {
      if (hasOutput(plan.level)) this.#add({ kind: 'embed', embed: plan }, undefined, undefined, undefined, name);
      return;
    }
    const handedUp = new Map(carried.map((one) => [one.column, one]));
    for (const output of plan.level.outputs) {
      const source: OutputSource = { kind: 'embed-column', embed: plan, column: output.name };
      const up = handedUp.get(output.name);
      if (up) this.#add(source, undefined, up.aggregate, up.cast, up.name);
      else this.#add(source, undefined, undefined, undefined, output.name);
    }
  }

  #addAll(): void {
    if (!this.#expands || this.#table === undefined)
      this.list.push({
        source: { kind: 'all' },
        cast: undefined,
        aggregate: undefined,
        aggregateCast: undefined,
        name: '*',
      });
    else
      for (const [name, { representation }] of this.#table.columns) {
        const field: PlannedField = { name, path: [], viaJsonb: false };
        this.#add({ kind: 'field', field, toJson: representation?.toJson }, undefined, undefined, undefined, name);
      }
  }

  #add(
    source: OutputSource,
    cast: string | undefined,
    aggregate: Aggregate | undefined,
    aggregateCast: string | undefined,
    name: string,
  ): void {
    if (aggregate === undefined || !this.#carries) {
      this.list.push({ source, cast, aggregate, aggregateCast, name });
      return;
    }
    const column = `pgrst_agg_${this.carried.length + 1}`;
    this.list.push({ source, cast, aggregate: undefined, aggregateCast: undefined, name: column });
    this.carried.push({ column, aggregate, cast: aggregateCast, name });
  }
}

/** An embed without columns, or with nothing but such embeds, joins and filters but does not show. */
const hasOutput = (level: LevelPlan): boolean => level.outputs.length > 0;

/** The last key of a path; the column where there is none. */
function outputName({ name, path }: PlannedField): string {
  for (let index = path.length - 1; index >= 0; index--) {
    const step = path[index];
    if (step?.kind === 'key') return step.value;
  }
  return name;
}

type FindEmbed = (name: string) => EmbedPlan | undefined;

function conditionsOf(node: QueryNode, table: Table | undefined, find: FindEmbed): Condition[] {
  const leaf = (filter: Filter): Condition => embedNull(filter, find) ?? planFilter(table, filter);
  const conditions = node.filters.map(leaf);
  for (const tree of node.logic) conditions.push(planLogic(tree, leaf));
  return conditions;
}

function embedNull({ field, negated, operation }: Filter, find: FindEmbed): Condition | undefined {
  if (operation.kind !== 'is' || operation.value !== 'null' || field.path.length > 0) return undefined;
  const embed = find(field.name);
  return embed && { kind: 'embed-null', embed, isNull: !negated };
}

function ordersOf(node: QueryNode, table: Table | undefined, find: FindEmbed): OrderPlan[] {
  return node.order.map(({ relation, field, direction, nulls }) => {
    if (relation === undefined) {
      const source: OutputSource = { kind: 'field', field: planField(table, field), toJson: undefined };
      return { source, direction, nulls };
    }
    const embed = find(relation);
    if (embed === undefined) throw notEmbedded(relation);
    if (!embed.toOne) throw noRelatedOrder(embed.relationship.table.name, relation);
    const source = shownColumn(embed, field) ?? hiddenColumn(embed, planField(embed.level.from.table, field));
    return { source, direction, nulls };
  });
}

/** The column as the embed shows it; where rows are grouped, only such a one can be ordered by. */
function shownColumn(embed: EmbedPlan, { name, path }: Field): OutputSource | undefined {
  if (path.length > 0) return undefined;
  const shown = embed.level.outputs.find(
    ({ source, cast, aggregate }) =>
      source.kind === 'field' &&
      source.field.name === name &&
      source.field.path.length === 0 &&
      source.toJson === undefined &&
      cast === undefined &&
      aggregate === undefined,
  );
  return shown && { kind: 'embed-column', embed, column: shown.name };
}

function hiddenColumn(embed: EmbedPlan, field: PlannedField): OutputSource {
  const name = `pgrst_order_${embed.hidden.length + 1}`;
  embed.hidden.push({ name, field });
  return { kind: 'embed-column', embed, column: name };
}

const noRelatedOrder = (parent: string, child: string) =>
  restError('PGRST118', {
    message: `A related order on '${child}' is not possible`,
    details: `'${parent}' and '${child}' do not form a many-to-one or one-to-one relationship`,
  });
