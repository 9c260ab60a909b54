import type { QualifiedName, Relationship, Table } from '../cache/model.ts';
import type { Aggregate, JsonStep, Operation } from '../grammar/tree.ts';

/** A column of a level, or a part of a JSON document in it. */
export interface PlannedField {
  readonly name: string;
  readonly path: readonly JsonStep[];
  /** The column is no JSON, so its JSON form is taken before the path is followed. */
  readonly viaJsonb: boolean;
}

/** One condition of a level. */
export type Condition =
  | {
      readonly kind: 'filter';
      readonly field: PlannedField;
      readonly negated: boolean;
      readonly operation: Operation;
      /** The field is no tsvector and has to be made one. */
      readonly makesVector: boolean;
      /** SQL text of the function that reads values of the column's domain. */
      readonly fromText: string | undefined;
    }
  | {
      readonly kind: 'group';
      readonly negated: boolean;
      readonly operator: 'and' | 'or';
      readonly children: readonly Condition[];
    }
  /** Whether an embed has no rows. */
  | { readonly kind: 'embed-null'; readonly embed: EmbedPlan; readonly isNull: boolean };

/** Where an output value comes from. */
export type OutputSource =
  /** All columns of the relation. */
  | { readonly kind: 'all' }
  | { readonly kind: 'field'; readonly field: PlannedField; readonly toJson: string | undefined }
  /** A column that an embed's subquery gives. */
  | { readonly kind: 'embed-column'; readonly embed: EmbedPlan; readonly column: string }
  /** The whole of an embed as one JSON value. */
  | { readonly kind: 'embed'; readonly embed: EmbedPlan }
  /** Something that is there once for each row. */
  | { readonly kind: 'row' };

/** One column of a level's output. */
export interface Output {
  readonly source: OutputSource;
  readonly cast: string | undefined;
  readonly aggregate: Aggregate | undefined;
  readonly aggregateCast: string | undefined;
  /** Name of the column. */
  readonly name: string;
}

/** One term of ORDER BY. */
export interface OrderPlan {
  readonly source: OutputSource;
  readonly direction: 'asc' | 'desc' | undefined;
  readonly nulls: 'nullsfirst' | 'nullslast' | undefined;
}

/** What stands in FROM. */
export interface LevelSource extends QualifiedName {
  /** Undefined: the relation is called by schema and name. */
  readonly alias: string | undefined;
  readonly table: Table | undefined;
}

/** A query over one relation and what is embedded in it. */
export interface LevelPlan {
  readonly from: LevelSource;
  readonly outputs: readonly Output[];
  readonly embeds: readonly EmbedPlan[];
  readonly conditions: readonly Condition[];
  readonly order: readonly OrderPlan[];
  readonly limit: number | undefined;
  readonly offset: number;
  /** True when outputs without an aggregate are what rows are grouped by. */
  readonly isGrouped: boolean;
}

/** An embed: a level reached from another. */
export interface EmbedPlan {
  /** Name of the lateral subquery. */
  readonly alias: string;
  readonly relationship: Relationship;
  readonly toOne: boolean;
  readonly inner: boolean;
  readonly spread: boolean;
  readonly level: LevelPlan;
  /** Columns the subquery gives besides its outputs, for the order of the level above, which adds them. */
  readonly hidden: HiddenColumn[];
}

/** A column that is only ordered by. */
export interface HiddenColumn {
  readonly name: string;
  readonly field: PlannedField;
}
