/** One step of a JSON path. An index keeps its sign (`+0`, `-1`), as it is sent to the server as text. */
export interface JsonStep {
  readonly arrow: '->' | '->>';
  readonly kind: 'key' | 'index';
  readonly value: string;
}

/** A column, or a part of a JSON document in it. */
export interface Field {
  readonly name: string;
  readonly path: readonly JsonStep[];
}

/** Aggregate functions of `select`. */
export type Aggregate = 'sum' | 'avg' | 'count' | 'max' | 'min';

/** `!inner` drops parents without a match. */
export type JoinType = 'inner' | 'left';

/** `*` */
export interface SelectStar {
  readonly kind: 'star';
}

/** `alias:column->path::cast.agg()::cast` */
export interface SelectColumn {
  readonly kind: 'column';
  readonly field: Field;
  readonly alias: string | undefined;
  /** Applied to the value, before the aggregate. */
  readonly cast: string | undefined;
  readonly aggregate: Aggregate | undefined;
  /** Applied to the aggregate's result. */
  readonly aggregateCast: string | undefined;
}

/** `alias:count()::cast`: counts rows, not a column. */
export interface SelectCount {
  readonly kind: 'count';
  readonly alias: string | undefined;
  readonly cast: string | undefined;
}

/** `alias:relation!hint!inner(…)`, or `...relation(…)` (spread). */
export interface SelectEmbed {
  readonly kind: 'embed';
  readonly relation: string;
  readonly alias: string | undefined;
  readonly hint: string | undefined;
  readonly join: JoinType | undefined;
  readonly spread: boolean;
  readonly select: readonly SelectItem[];
}

/** One item of a select list. */
export type SelectItem = SelectStar | SelectColumn | SelectCount | SelectEmbed;

/** Operators that compare with one value. */
export type CompareOperator =
  | 'eq'
  | 'neq'
  | 'gt'
  | 'gte'
  | 'lt'
  | 'lte'
  | 'like'
  | 'ilike'
  | 'match'
  | 'imatch'
  | 'cs'
  | 'cd'
  | 'ov'
  | 'sl'
  | 'sr'
  | 'nxr'
  | 'nxl'
  | 'adj';

/** Full-text operators, by the function that reads the query. */
export type FullTextOperator = 'fts' | 'plfts' | 'phfts' | 'wfts';

/** Words that may follow `is.`. */
export type IsValue = 'null' | 'not_null' | 'true' | 'false' | 'unknown';

/** What a column is compared with, and how. */
export type Operation =
  | {
      readonly kind: 'compare';
      readonly operator: CompareOperator;
      readonly quantifier: 'any' | 'all' | undefined;
      readonly value: string;
    }
  | { readonly kind: 'in'; readonly values: readonly string[] }
  | { readonly kind: 'is'; readonly value: IsValue }
  | { readonly kind: 'distinct'; readonly value: string }
  | {
      readonly kind: 'fts';
      readonly operator: FullTextOperator;
      readonly language: string | undefined;
      readonly value: string;
    };

/** `field=not.operator.value` */
export interface Filter {
  readonly kind: 'filter';
  readonly field: Field;
  readonly negated: boolean;
  readonly operation: Operation;
}

/** `and(…)`, `not.or(…)` */
export interface LogicGroup {
  readonly kind: 'group';
  readonly negated: boolean;
  readonly operator: 'and' | 'or';
  readonly children: readonly LogicTree[];
}

/** A condition made of others. */
export type LogicTree = Filter | LogicGroup;

/** `field.desc.nullslast`, or `relation(field).asc`. */
export interface OrderTerm {
  readonly relation: string | undefined;
  readonly field: Field;
  readonly direction: 'asc' | 'desc' | undefined;
  readonly nulls: 'nullsfirst' | 'nullslast' | undefined;
}

/** Something said of the level that the embed path leads to; the empty path is the top. */
export interface Placed<T> {
  readonly path: readonly string[];
  readonly value: T;
}

/** `limit` and `offset` of one level. */
export interface RowRange {
  readonly limit: number | undefined;
  readonly offset: number | undefined;
}

/** A whole query string, parsed. */
export interface RestQuery {
  /** `[star]` when nothing was asked for; empty for `select=`, which means the same rows but is not the default. */
  readonly select: readonly SelectItem[];
  readonly filters: readonly Placed<Filter>[];
  readonly logic: readonly Placed<LogicTree>[];
  readonly order: readonly Placed<readonly OrderTerm[]>[];
  readonly ranges: readonly Placed<RowRange>[];
  /** Names sorted and without repetition. */
  readonly columns: readonly string[] | undefined;
  readonly onConflict: readonly string[] | undefined;
  /** Arguments of a function called by GET, in order of appearance. */
  readonly args: readonly (readonly [name: string, value: string])[];
}
