import { viewOrigins } from '#kernel/sql';
import type { Column, Relation, Relationship } from './objects.ts';

/** A foreign key as the catalogue has it: columns by number. */
export interface ForeignKeyRow {
  readonly name: string;
  readonly relation_id: number;
  readonly referenced_id: number;
  readonly columns: readonly number[];
  readonly referenced_columns: readonly number[];
  readonly is_one_to_one: boolean;
}

/** A view with the parse tree of its query. */
export interface ViewQueryRow {
  readonly id: number;
  readonly action: string;
}

/** Relations and columns by id. */
export interface Known {
  readonly relations: ReadonlyMap<number, Relation>;
  readonly columns: ReadonlyMap<number, readonly Column[]>;
}

interface Side {
  readonly relation: Relation;
  readonly columns: readonly string[];
}

/**
 * Foreign keys between relations of one schema, and each of them once more for every view that shows all of its columns
 * on either side. A view that shows a column twice counts twice.
 */
export function findRelationships(
  keys: readonly ForeignKeyRow[],
  views: readonly ViewQueryRow[],
  known: Known,
): readonly Relationship[] {
  const shown = shownColumns(views);
  const nameOf = (relation: number, column: number): string =>
    known.columns.get(relation)?.find(({ ordinal_position }) => ordinal_position === column)?.name ?? '';
  const sides = (relation: number, columns: readonly number[]): readonly Side[] =>
    [[relation, columns] as const, ...viewsOf(shown, relation, columns)].flatMap(([id, numbers]) => {
      const found = known.relations.get(id);
      return found ? [{ relation: found, columns: numbers.map((number) => nameOf(id, number)) }] : [];
    });
  return keys.flatMap((key) =>
    sides(key.relation_id, key.columns).flatMap(({ relation, columns }) =>
      sides(key.referenced_id, key.referenced_columns)
        .filter((other) => other.relation.schema === relation.schema)
        .map((other) => ({
          foreignKey: key.name,
          relation,
          columns,
          referenced: other.relation,
          referencedColumns: other.columns,
          isOneToOne: key.is_one_to_one,
        })),
    ),
  );
}

/** Base column (`relation.number`) → view → the numbers of the view's columns that show it. */
type Shown = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

function viewsOf(shown: Shown, relation: number, columns: readonly number[]): (readonly [number, readonly number[]])[] {
  const perColumn = columns.map((column) => shown.get(`${relation}.${column}`));
  const [first] = perColumn;
  return [...(first?.keys() ?? [])].flatMap((view) => {
    const choices = perColumn.map((byView) => byView?.get(view) ?? []);
    return combinations(choices).map((numbers) => [view, numbers] as const);
  });
}

/** One of each, in all ways there are. */
function combinations(choices: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return choices.reduce<readonly (readonly number[])[]>(
    (begun, next) => begun.flatMap((each) => next.map((choice) => [...each, choice])),
    [[]],
  );
}

// Follows views through views down to tables; one that leads to itself leads nowhere.
function shownColumns(views: readonly ViewQueryRow[]): Shown {
  const direct = new Map(views.map(({ id, action }) => [id, viewOrigins(action)]));
  const shown = new Map<string, Map<number, number[]>>();
  const follow = (relation: number, column: number, seen: readonly number[]): readonly string[] => {
    const origins = direct.get(relation);
    if (!origins) return [`${relation}.${column}`];
    if (seen.includes(relation)) return [];
    return origins
      .filter(({ number }) => number === column)
      .flatMap((origin) => follow(Number(origin.relation), origin.origin, [...seen, relation]));
  };
  for (const [view, origins] of direct)
    for (const { number } of origins)
      for (const base of follow(view, number, [])) {
        const byView = shown.get(base) ?? new Map<number, number[]>();
        shown.set(base, byView);
        byView.set(view, [...(byView.get(view) ?? []), number]);
      }
  return shown;
}
