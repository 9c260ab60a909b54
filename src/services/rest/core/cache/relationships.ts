import type { Catalog, KeyRow } from '../../sql/catalog-rows.ts';
import type {
  BySchema,
  ColumnPairs,
  ComputedRelationship,
  JunctionRelationship,
  KeyRelationship,
  QualifiedName,
  Relationship,
} from './model.ts';
import type { ColumnNames } from './tables.ts';
import { columnKey, type ShownColumns } from './view-columns.ts';
import { forEach, type Work } from './work.ts';

/** A relation that shows all columns of a key: the table itself, or a view on it. */
interface Side {
  readonly relation: string;
  readonly isView: boolean;
  /** Names under which the key's columns are seen, in the key's order. */
  readonly columns: readonly string[];
}

/** A relation of any schema. */
export interface KnownRelation extends QualifiedName {
  readonly oid: string;
  readonly exposed: boolean;
}

/** What relationships are derived from. */
export interface RelationshipSources {
  readonly catalog: Catalog;
  readonly relations: ReadonlyMap<string, KnownRelation>;
  readonly shown: ShownColumns;
  readonly columnNames: ColumnNames;
  /** Names of primary key columns, views included. */
  readonly primaryKeys: ReadonlyMap<string, readonly string[]>;
}

/** Derives every way from one exposed relation to another. */
export function* deriveRelationships(sources: RelationshipSources): Work<BySchema<readonly Relationship[]>> {
  const { keys } = sources.catalog;
  const unique = new Set<string>();
  yield* forEach(keys, (key) => {
    if (key.kind !== 'f') unique.add(columnSet(key));
  });
  const forward: Forward[] = [];
  yield* forEach(keys, (key) => {
    if (key.kind === 'f') forward.push(...keyRelationships(key, unique.has(columnSet(key)), sources));
  });
  const detected: Relationship[] = [];
  yield* forEach(forward, ({ relationship }) => detected.push(relationship));
  yield* forEach(forward, ({ relationship, nearIsView }) => detected.push(inverse(relationship, nearIsView)));
  yield* forEach(yield* junctionRelationships(forward, sources), (relationship) => detected.push(relationship));
  return yield* index(yield* overrideDetected(detected, computedRelationships(sources)));
}

interface Forward {
  readonly relationship: KeyRelationship;
  readonly near: string;
  readonly nearIsView: boolean;
}

function keyRelationships(key: KeyRow, unique: boolean, sources: RelationshipSources): Forward[] {
  const { relations } = sources;
  const far = sidesOf(key.foreign_relation as string, key.foreign_numbers ?? [], key.foreign_columns ?? [], sources);
  return sidesOf(key.relation, key.numbers, key.columns, sources).flatMap((near) =>
    far.map((other): Forward => {
      const table = relations.get(near.relation) as KnownRelation;
      const foreignTable = relations.get(other.relation) as KnownRelation;
      const relationship: KeyRelationship = {
        kind: unique ? 'one-to-one' : 'many-to-one',
        table,
        foreignTable,
        isSelf: near.relation === other.relation,
        constraint: key.name,
        columns: near.columns.map((name, index) => [name, other.columns[index] as string] as const),
        foreignIsView: other.isView,
      };
      return { relationship, near: near.relation, nearIsView: near.isView };
    }),
  );
}

/** The exposed relations that show all columns of a key; a view that shows one twice counts once for each way. */
function sidesOf(
  relation: string,
  numbers: readonly number[],
  columns: readonly string[],
  { relations, shown, columnNames }: RelationshipSources,
): Side[] {
  const sides: Side[] = relations.get(relation)?.exposed ? [{ relation, isView: false, columns }] : [];
  const perColumn = numbers.map((number) => shown.get(columnKey(relation, number)));
  for (const view of perColumn[0]?.keys() ?? []) {
    if (!relations.get(view)?.exposed) continue;
    const choices = perColumn.map((byView) => byView?.get(view) ?? []);
    const names = columnNames(view);
    for (const choice of combinations(choices)) {
      const seen = choice.map((number) => names?.get(number));
      if (seen.every((name) => name !== undefined)) sides.push({ relation: view, isView: true, columns: seen });
    }
  }
  return sides;
}

function combinations(choices: readonly (readonly number[])[]): number[][] {
  return choices.reduce<number[][]>(
    (rows, column) => rows.flatMap((row) => column.map((number) => [...row, number])),
    [[]],
  );
}

/** A set of columns as text, to tell whether a foreign key's columns are just those of a unique one. */
function columnSet({ relation, numbers }: KeyRow): string {
  return `${relation}:${[...numbers].sort((a, b) => a - b).join()}`;
}

const swapped = (pairs: ColumnPairs): ColumnPairs => pairs.map(([near, far]) => [far, near] as const);

function inverse(relationship: KeyRelationship, nearIsView: boolean): KeyRelationship {
  return {
    kind: relationship.kind === 'one-to-one' ? 'one-to-one' : 'one-to-many',
    table: relationship.foreignTable,
    foreignTable: relationship.table,
    isSelf: relationship.isSelf,
    constraint: relationship.constraint,
    columns: swapped(relationship.columns),
    foreignIsView: nearIsView,
  };
}

/** Tables whose primary key holds two foreign keys join the tables these lead to. */
function* junctionRelationships(
  forward: readonly Forward[],
  sources: RelationshipSources,
): Work<JunctionRelationship[]> {
  const byJunction = new Map<string, KeyRelationship[]>();
  yield* forEach(forward, ({ near, relationship }) => {
    if (relationship.kind !== 'many-to-one') return;
    const primaryKey = sources.primaryKeys.get(near) ?? [];
    if (!relationship.columns.every(([name]) => primaryKey.includes(name))) return;
    const known = byJunction.get(near);
    if (known) known.push(relationship);
    else byJunction.set(near, [relationship]);
  });
  const found: JunctionRelationship[] = [];
  yield* forEach(byJunction.values(), (keys) => {
    for (const near of keys)
      for (const far of keys)
        if (far.constraint !== near.constraint)
          found.push({
            kind: 'many-to-many',
            table: near.foreignTable,
            foreignTable: far.foreignTable,
            isSelf: near.foreignTable === far.foreignTable,
            junction: near.table,
            nearConstraint: near.constraint,
            farConstraint: far.constraint,
            nearColumns: swapped(near.columns),
            farColumns: swapped(far.columns),
          });
  });
  return found;
}

function computedRelationships({ catalog, relations }: RelationshipSources): ComputedRelationship[] {
  return catalog.computedRelationships.flatMap((row): ComputedRelationship[] => {
    const table = relations.get(row.relation);
    const foreignTable = relations.get(row.foreign_relation);
    if (!table?.exposed || !foreignTable?.exposed) return [];
    const ends = { table, foreignTable, isSelf: row.relation === row.foreign_relation };
    return [{ kind: 'computed', ...ends, function: { schema: row.schema, name: row.name }, single: row.single }];
  });
}

/** A computed relationship stands in the place of detected ones to a table of its name. */
function* overrideDetected(
  detected: readonly Relationship[],
  computed: readonly ComputedRelationship[],
): Work<readonly Relationship[]> {
  if (computed.length === 0) return detected;
  const taken = new Set(
    computed.map(({ table, function: { name } }) => JSON.stringify([table.schema, table.name, name])),
  );
  const left: Relationship[] = [];
  yield* forEach(detected, (relationship) => {
    const { table, foreignTable } = relationship;
    if (!taken.has(JSON.stringify([table.schema, table.name, foreignTable.name]))) left.push(relationship);
  });
  return [...left, ...computed];
}

function* index(relationships: readonly Relationship[]): Work<BySchema<readonly Relationship[]>> {
  const bySchema = new Map<string, Map<string, Relationship[]>>();
  yield* forEach(relationships, (relationship) => {
    const { schema, name } = relationship.table;
    const byName = bySchema.get(schema) ?? new Map<string, Relationship[]>();
    bySchema.set(schema, byName);
    const known = byName.get(name);
    if (known) known.push(relationship);
    else byName.set(name, [relationship]);
  });
  return bySchema;
}
