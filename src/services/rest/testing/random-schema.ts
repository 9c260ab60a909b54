import fc, { type GeneratorValue } from 'fast-check';
import { quoteIdentifier, quoteLiteral } from '#kernel/sql';

/** Types a made-up column may have. */
export type RandomType = 'int' | 'text' | 'numeric' | 'boolean' | 'jsonb' | 'int[]';

/** A made-up column. */
export interface RandomColumn {
  readonly name: string;
  readonly type: RandomType;
}

type Pairs = readonly (readonly [near: string, far: string])[];

/** A way from one made-up relation to another, and how a request names it. */
export interface RandomLink {
  readonly to: RandomTable;
  readonly relation: string;
  readonly hint: string | undefined;
  readonly toOne: boolean;
  /** Near and far columns; without a junction. */
  readonly pairs: Pairs;
  readonly junction: { readonly name: string; readonly near: Pairs; readonly far: Pairs } | undefined;
  /** What a function joins by, of two rows by their aliases. */
  readonly condition?: (parent: string, row: string) => string;
}

/** A made-up table, or a view of one. */
export interface RandomTable {
  readonly name: string;
  readonly key: string;
  readonly columns: readonly RandomColumn[];
  readonly links: RandomLink[];
  /** Name of a function that gives all rows. */
  readonly routine: string;
}

/** A made-up schema with the SQL that makes it. */
export interface RandomSchema {
  readonly name: string;
  readonly tables: readonly RandomTable[];
  readonly sql: string;
}

/** Makes random choices that fast-check can repeat. */
export class Chooser {
  readonly #generate: GeneratorValue;

  constructor(generate: GeneratorValue) {
    this.#generate = generate;
  }

  between(min: number, max: number): number {
    return this.#generate(fc.integer, { min, max });
  }

  of<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)] as T;
  }

  chance(percent: number): boolean {
    return this.between(1, 100) <= percent;
  }

  some<T>(list: readonly T[], percent: number): T[] {
    return list.filter(() => this.chance(percent));
  }

  list<T>(max: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.between(0, max) }, (_, index) => make(index));
  }
}

const oddNames = [
  'plain',
  'with space',
  'quo"te',
  'dôt.ted',
  'select',
  'UPPER',
  'com,ma',
  '日本',
  'a->b',
  '(x)',
  "it's",
];
const columnTypes: readonly RandomType[] = ['int', 'text', 'numeric', 'boolean', 'jsonb', 'int[]', 'text', 'int'];

/** Texts that stand in made-up columns, and that filters look for. */
export const randomTexts = ['a', 'A', 'ab', 'b c', '', '%', 'quo"te', 'back\\slash', 'com,ma', 'paren)', 'ünï', '{x}'];

const randomJson = [
  '{"k": 1, "k k": {"l": "x"}, "list": [1, {"m": 2}]}',
  '{"k": null, "list": []}',
  '[1, "two"]',
  '"text"',
  '{}',
];

/** A value for a column, as text. */
export function randomValue(choose: Chooser, type: RandomType): string | null {
  if (choose.chance(20)) return null;
  switch (type) {
    case 'int':
      return String(choose.between(-2, 4));
    case 'numeric':
      return choose.of(['0', '1.50', '-3', '1e3']);
    case 'boolean':
      return choose.of(['true', 'false']);
    case 'jsonb':
      return choose.of(randomJson);
    case 'int[]':
      return choose.of(['{}', '{1}', '{1,2,3}', '{3,NULL}']);
    case 'text':
      return choose.of(randomTexts);
  }
}

interface Draft extends RandomTable {
  readonly rows: number;
  readonly foreign: {
    readonly column: string;
    readonly to: Draft;
    readonly constraint: string;
    readonly unique: boolean;
  }[];
}

const id = quoteIdentifier;

/** Makes a schema of a few tables with keys among them, junctions, views, rows, and a function for each relation. */
export function randomSchema(choose: Chooser, name: string): RandomSchema {
  const drafts = Array.from({ length: choose.between(2, 4) }, (_, index) => draftTable(choose, index));
  for (const draft of drafts) addKeys(choose, draft, drafts);
  const sql = [
    ...drafts.map((draft) => tableSql(choose, name, draft)),
    ...drafts.flatMap((draft) => keysSql(name, draft)),
  ];
  for (const draft of drafts) linkByKeys(draft);
  const tables: RandomTable[] = [...drafts];
  const [first, second] = drafts as [Draft, Draft];
  sql.push(junctionSql(choose, name, first, second));
  for (const draft of choose.some(drafts, 60)) sql.push(computedSql(choose, name, draft, choose.of(drafts)));
  for (const draft of choose.some(drafts, 50)) tables.push(viewOf(name, draft, sql));
  for (const table of tables)
    sql.push(
      `create function ${id(name)}.${id(table.routine)}() returns setof ${id(name)}.${id(table.name)} stable language sql ` +
        `as ${quoteLiteral(`select * from ${id(name)}.${id(table.name)}`)};`,
    );
  return { name, tables, sql: sql.join('\n') };
}

function draftTable(choose: Chooser, index: number): Draft {
  const label = choose.of(oddNames);
  const types = [...columnTypes.slice(0, 3), ...choose.some(columnTypes.slice(3), 50)];
  const columns = types.map((type, at): RandomColumn => ({ name: `${choose.of(oddNames)} column ${at}`, type }));
  return {
    name: `${label} ${index}`,
    key: 'id',
    columns: [{ name: 'id', type: 'int' }, ...columns],
    links: [],
    routine: `all ${index}`,
    rows: choose.between(0, 7),
    foreign: [],
  };
}

function addKeys(choose: Chooser, draft: Draft, drafts: readonly Draft[]): void {
  const index = drafts.indexOf(draft);
  const targets = choose.some(drafts, 60);
  for (const to of targets) {
    const place = draft.foreign.length;
    const column = `ref ${place}`;
    // One to one has no name of its own for a table and itself.
    const unique = to !== draft && choose.chance(25);
    draft.foreign.push({ column, to, constraint: `fk ${index} ${place}`, unique });
    (draft.columns as RandomColumn[]).push({ name: column, type: 'int' });
  }
}

const literal = (value: string | null): string => (value === null ? 'null' : quoteLiteral(value));

function tableSql(choose: Chooser, schema: string, { name, columns, rows, foreign }: Draft): string {
  const definitions = columns.map(
    (column) => `${id(column.name)} ${column.type}${column.name === 'id' ? ' primary key' : ''}`,
  );
  const byColumn = new Map(foreign.map((key) => [key.column, key]));
  const lines = Array.from({ length: rows }, (_, index) =>
    columns.map((column) => {
      if (column.name === 'id') return String(index + 1);
      const key = byColumn.get(column.name);
      if (key === undefined) return literal(randomValue(choose, column.type));
      const target = key.unique ? index + 1 : choose.between(1, Math.max(key.to.rows, 1));
      return target <= key.to.rows && choose.chance(80) ? String(target) : 'null';
    }),
  );
  const insert =
    lines.length === 0
      ? ''
      : `insert into ${id(schema)}.${id(name)} values ${lines.map((line) => `(${line.join(', ')}, null)`).join(', ')};`;
  return `create table ${id(schema)}.${id(name)} (${definitions.join(', ')}, touched int); ${insert}`;
}

const keysSql = (schema: string, { name, foreign }: Draft): string[] =>
  foreign.map(
    ({ column, to, constraint, unique }) =>
      `alter table ${id(schema)}.${id(name)} add constraint ${id(constraint)} foreign key (${id(column)}) ` +
      `references ${id(schema)}.${id(to.name)} (id) on delete cascade${unique ? `, add unique (${id(column)})` : ''};`,
  );

function linkByKeys(draft: Draft): void {
  for (const { column, to, constraint, unique } of draft.foreign) {
    const pairs: Pairs = [[column, 'id']];
    const back: Pairs = [['id', column]];
    if (to === draft) {
      draft.links.push({ to, relation: column, hint: undefined, toOne: true, pairs, junction: undefined });
      draft.links.push({ to, relation: draft.name, hint: undefined, toOne: false, pairs: back, junction: undefined });
      continue;
    }
    draft.links.push({ to, relation: to.name, hint: constraint, toOne: true, pairs, junction: undefined });
    to.links.push({
      to: draft,
      relation: draft.name,
      hint: constraint,
      toOne: unique,
      pairs: back,
      junction: undefined,
    });
  }
}

/** A table that joins two others, with links from each to the other. */
function junctionSql(choose: Chooser, schema: string, one: Draft, other: Draft): string {
  const name = 'jünction';
  const pairs = choose.list(8, () => [
    choose.between(1, Math.max(one.rows, 1)),
    choose.between(1, Math.max(other.rows, 1)),
  ]);
  const rows = [
    ...new Set(pairs.map(([a = 0, b = 0]) => (a <= one.rows && b <= other.rows ? `(${a}, ${b})` : ''))),
  ].filter((row) => row !== '');
  const near: Pairs = [['id', 'left']];
  const far: Pairs = [['id', 'right']];
  const base = { hint: name, toOne: false, pairs: [] };
  one.links.push({ ...base, to: other, relation: other.name, junction: { name, near, far } });
  other.links.push({ ...base, to: one, relation: one.name, junction: { name, near: far, far: near } });
  return (
    `create table ${id(schema)}.${id(name)} ("left" int references ${id(schema)}.${id(one.name)} on delete cascade, ` +
    `"right" int references ${id(schema)}.${id(other.name)} on delete cascade, primary key ("left", "right")); ` +
    (rows.length === 0 ? '' : `insert into ${id(schema)}.${id(name)} values ${rows.join(', ')};`)
  );
}

/** A function that leads from the rows of one table to a row, or to rows, of another. */
function computedSql(choose: Chooser, schema: string, from: Draft, to: Draft): string {
  const relation = `func ${from.name}`;
  const toOne = choose.chance(50);
  const condition = toOne
    ? (parent: string, row: string) => `${row}.id = (${parent}.id - 1) % ${Math.max(to.rows, 1)} + 1`
    : (parent: string, row: string) => `${row}.id % 2 = ${parent}.id % 2`;
  from.links.push({ to, relation, hint: undefined, toOne, pairs: [], junction: undefined, condition });
  const body = `select far.* from ${id(schema)}.${id(to.name)} far where ${condition('$1', 'far')}`;
  return (
    `create function ${id(schema)}.${id(relation)}(${id(schema)}.${id(from.name)}) returns setof ${id(schema)}.${id(to.name)} ` +
    `${toOne ? 'rows 1 ' : ''}stable language sql as ${quoteLiteral(body)};`
  );
}

/** A view with other names for the columns, which keeps the ways to one row of its table. */
function viewOf(schema: string, draft: Draft, sql: string[]): RandomTable {
  const renamed = (column: string): string => (column === 'id' ? 'id' : `v ${column}`);
  const name = `view of ${draft.name}`;
  const shown = draft.columns.map((column) => `${id(column.name)} as ${id(renamed(column.name))}`);
  sql.push(`create view ${id(schema)}.${id(name)} as select ${shown.join(', ')} from ${id(schema)}.${id(draft.name)};`);
  // A view of a table that refers to itself has many more ways; those by a hint stay unambiguous.
  const links = draft.links
    .filter(({ hint, toOne, to, junction }) => hint !== undefined && toOne && to !== draft && junction === undefined)
    .map((link) => ({ ...link, pairs: link.pairs.map(([near, far]) => [renamed(near), far] as const) }));
  return {
    name,
    key: 'id',
    columns: draft.columns.map((column) => ({ ...column, name: renamed(column.name) })),
    links,
    routine: `${draft.routine} seen`,
  };
}
