import { Graph, layout as rank } from '@dagrejs/dagre';
import type { MapTable } from '../../../sql/schema-map.ts';

/** Where something begins, in pixels of the map. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Sizes of what is drawn, in pixels. */
export const sizes = { width: 248, head: 36, row: 24, mostRows: 40, gap: 40, rankGap: 96 } as const;

/** A box of the map: a table of the schema, or one of another that is led to. */
export interface Box {
  /** `schema.table`. */
  readonly id: string;
  readonly schema: string;
  readonly table: MapTable;
  /** True: it belongs to another schema, and only what is led to is shown. */
  readonly outside: boolean;
  readonly height: number;
}

/** A line of the map: a foreign key. */
export interface Line {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly fromColumn: string;
  readonly toColumn: string;
}

/** Id of a table's box. */
export const boxId = (schema: string, table: string): string => JSON.stringify([schema, table]);

/** Rows that are drawn of a table. */
export const rowsOf = (table: MapTable): number =>
  Math.min(table.columns.length, sizes.mostRows) + (table.columns.length > sizes.mostRows ? 1 : 0);

/** Boxes and lines of a schema; tables of other schemas that are led to come last. */
export function boxesOf(
  schema: string,
  tables: readonly MapTable[],
): { readonly boxes: readonly Box[]; readonly lines: readonly Line[] } {
  const own = new Set(tables.map(({ name }) => name));
  const outside = new Map<string, { schema: string; table: string; columns: Set<string> }>();
  const lines = tables.flatMap((table) =>
    table.references.flatMap<Line>((reference) => {
      const [fromColumn, toColumn] = [reference.columns[0], reference.targets[0]];
      if (fromColumn === undefined || toColumn === undefined) return [];
      const to = boxId(reference.schema, reference.table);
      if (reference.schema !== schema) {
        const known = outside.get(to) ?? { schema: reference.schema, table: reference.table, columns: new Set() };
        for (const target of reference.targets) known.columns.add(target);
        outside.set(to, known);
      } else if (!own.has(reference.table)) return [];
      const from = boxId(schema, table.name);
      return [{ id: `${from} ${reference.name}`, name: reference.name, from, to, fromColumn, toColumn }];
    }),
  );
  const box = (of: string, table: MapTable, isOutside: boolean): Box => ({
    id: boxId(of, table.name),
    schema: of,
    table,
    outside: isOutside,
    height: sizes.head + rowsOf(table) * sizes.row,
  });
  const others = [...outside.values()].map((each) =>
    box(
      each.schema,
      {
        name: each.table,
        rls: false,
        comment: null,
        references: [],
        columns: [...each.columns].map((name) => ({ name, type: '', nullable: false, key: true, unique: true })),
      },
      true,
    ),
  );
  return { boxes: [...tables.map((table) => box(schema, table, false)), ...others], lines };
}

/** Middle of a column's row, from the top of its box. */
export function rowMiddle({ table }: Box, column: string): number {
  const at = table.columns.findIndex(({ name }) => name === column);
  const row = at < 0 ? 0 : Math.min(at, sizes.mostRows);
  return sizes.head + (row + 0.5) * sizes.row;
}

/**
 * Places for all boxes: tables that belong together in ranks, the one that refers left of what it refers to, and these groups
 * beside each other in rows, about as wide as a screen is in proportion.
 */
export function arrange(boxes: readonly Box[], lines: readonly Line[]): ReadonlyMap<string, Place> {
  const groups = groupsOf(boxes, lines).map((group) => rankGroup(group, lines));
  groups.sort((a, b) => b.places.size - a.places.size);
  const area = groups.reduce((sum, { width, height }) => sum + (width + sizes.gap) * (height + sizes.gap), 0);
  const widest = Math.max(Math.sqrt(area * 1.7), ...groups.map(({ width }) => width));
  const places = new Map<string, Place>();
  let [x, y, tallest] = [0, 0, 0];
  for (const group of groups) {
    if (x > 0 && x + group.width > widest) [x, y, tallest] = [0, y + tallest + sizes.gap, 0];
    for (const [id, place] of group.places) places.set(id, { x: x + place.x, y: y + place.y });
    x += group.width + sizes.gap;
    tallest = Math.max(tallest, group.height);
  }
  return places;
}

// Boxes that lines connect, however far; in the order of their first box.
function groupsOf(boxes: readonly Box[], lines: readonly Line[]): readonly (readonly Box[])[] {
  const parent = new Map(boxes.map(({ id }) => [id, id]));
  const find = (id: string): string => {
    let root = id;
    while (parent.get(root) !== root) root = parent.get(root) as string;
    parent.set(id, root);
    return root;
  };
  for (const { from, to } of lines) parent.set(find(from), find(to));
  const groups = new Map<string, Box[]>();
  for (const box of boxes) {
    const root = find(box.id);
    groups.set(root, [...(groups.get(root) ?? []), box]);
  }
  return [...groups.values()];
}

interface Group {
  readonly places: ReadonlyMap<string, Place>;
  readonly width: number;
  readonly height: number;
}

function rankGroup(boxes: readonly Box[], lines: readonly Line[]): Group {
  const graph = new Graph({ multigraph: true });
  // The default finds somewhat shorter lines in three times the time.
  graph.setGraph({ rankdir: 'LR', ranker: 'tight-tree', nodesep: sizes.gap, ranksep: sizes.rankGap });
  const ids = new Set(boxes.map(({ id }) => id));
  for (const { id, height } of boxes) graph.setNode(id, { width: sizes.width, height });
  for (const { id, from, to } of lines) if (ids.has(from) && from !== to) graph.setEdge(from, to, {}, id);
  rank(graph);
  const corners = wrap(
    boxes.map(({ id, height }) => {
      const { x, y } = graph.node(id) as { readonly x: number; readonly y: number };
      return { id, height, x: x - sizes.width / 2, y: y - height / 2 };
    }),
  );
  const [left, top] = [Math.min(...corners.map(({ x }) => x)), Math.min(...corners.map(({ y }) => y))];
  return {
    places: new Map(corners.map(({ id, x, y }) => [id, { x: Math.round(x - left), y: Math.round(y - top) }])),
    width: Math.max(...corners.map(({ x }) => x)) - left + sizes.width,
    height: Math.max(...corners.map(({ y, height }) => y + height)) - top,
  };
}

interface Corner extends Place {
  readonly id: string;
  readonly height: number;
}

// A table that a hundred refer to would have them all below each other: ranks that are too tall go on in another column.
function wrap(corners: readonly Corner[]): readonly Corner[] {
  const area = corners.reduce((sum, { height }) => sum + (height + sizes.gap) * (sizes.width + sizes.rankGap), 0);
  const tallest = Math.max(1_500, Math.sqrt(area));
  const ranks = new Map<number, Corner[]>();
  for (const corner of corners.toSorted((a, b) => a.x - b.x || a.y - b.y))
    ranks.set(corner.x, [...(ranks.get(corner.x) ?? []), corner]);
  const columns = [...ranks.values()].map((rank) => {
    const cut: Corner[][] = [[]];
    let height = 0;
    for (const corner of rank) {
      if (height > 0 && height + corner.height > tallest) {
        cut.push([]);
        height = 0;
      }
      cut.at(-1)?.push(corner);
      height += corner.height + sizes.gap;
    }
    return cut;
  });
  if (columns.every((cut) => cut.length === 1)) return corners;
  let x = 0;
  return columns.flatMap((cut) => {
    const placed = cut.flatMap((column) => {
      const tall = column.reduce((sum, { height }) => sum + height + sizes.gap, -sizes.gap);
      let y = (tallest - tall) / 2;
      const here = column.map((corner) => {
        const place = { ...corner, x, y };
        y += corner.height + sizes.gap;
        return place;
      });
      x += sizes.width + sizes.gap;
      return here;
    });
    x += sizes.rankGap - sizes.gap;
    return placed;
  });
}
