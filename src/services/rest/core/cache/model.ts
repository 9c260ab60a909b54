/** A name inside a schema. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** How values of a domain are shown to and taken from clients; each is a function as SQL text. */
export interface Representation {
  readonly toJson: string | undefined;
  readonly fromJson: string | undefined;
  readonly fromText: string | undefined;
}

/** A column of an exposed relation. */
export interface Column {
  readonly name: string;
  readonly comment: string | undefined;
  readonly nullable: boolean;
  /** The declared type as SQL text, with modifiers. */
  readonly declaredType: string;
  /** The type for people: without modifiers, domains over built-in types resolved. */
  readonly nominalType: string;
  readonly isJson: boolean;
  readonly isTextSearchVector: boolean;
  readonly maxLength: number | undefined;
  /** SQL text of what a missing value becomes. */
  readonly default: string | undefined;
  readonly enumLabels: readonly string[];
  readonly representation: Representation | undefined;
}

/** A relation of an exposed schema. */
export interface Table extends QualifiedName {
  readonly comment: string | undefined;
  readonly isView: boolean;
  readonly insertable: boolean;
  readonly updatable: boolean;
  readonly deletable: boolean;
  /** Column names, sorted. */
  readonly primaryKey: readonly string[];
  readonly columns: ReadonlyMap<string, Column>;
  readonly hasRepresentations: boolean;
}

/** Pairs of columns that a join compares: the near side's, the far side's. */
export type ColumnPairs = readonly (readonly [near: string, far: string])[];

interface RelationshipEnds {
  readonly table: QualifiedName;
  readonly foreignTable: QualifiedName;
  readonly isSelf: boolean;
}

/** A foreign key seen from one of its sides. */
export interface KeyRelationship extends RelationshipEnds {
  readonly kind: 'one-to-many' | 'many-to-one' | 'one-to-one';
  readonly constraint: string;
  readonly columns: ColumnPairs;
  readonly foreignIsView: boolean;
}

/** Two foreign keys of a table whose primary key holds them both. */
export interface JunctionRelationship extends RelationshipEnds {
  readonly kind: 'many-to-many';
  readonly junction: QualifiedName;
  readonly nearConstraint: string;
  readonly farConstraint: string;
  /** Near side and junction. */
  readonly nearColumns: ColumnPairs;
  /** Far side and junction. */
  readonly farColumns: ColumnPairs;
}

/** A function that leads from a row to others. */
export interface ComputedRelationship extends RelationshipEnds {
  readonly kind: 'computed';
  readonly function: QualifiedName;
  readonly single: boolean;
}

/** A way from one table to another. */
export type Relationship = KeyRelationship | JunctionRelationship | ComputedRelationship;

/** Whether at most one row is at the far side. */
export function isToOne(relationship: Relationship): boolean {
  if (relationship.kind === 'computed') return relationship.single;
  return relationship.kind === 'many-to-one' || relationship.kind === 'one-to-one';
}

/** An input of a function. */
export interface Parameter {
  /** Empty for an unnamed one. */
  readonly name: string;
  readonly type: string;
  /** The type without a length, for values that come as text. */
  readonly unboundedType: string;
  readonly required: boolean;
  readonly variadic: boolean;
}

/** What a function gives. */
export interface ReturnType extends QualifiedName {
  readonly isSet: boolean;
  readonly isComposite: boolean;
  readonly isVoid: boolean;
}

/** The media type a domain is called after. */
export interface MediaDomain {
  readonly mediaType: string;
  readonly isBinary: boolean;
  readonly isJsonb: boolean;
}

/** A function of an exposed schema. */
export interface Routine extends QualifiedName {
  readonly oid: string;
  readonly comment: string | undefined;
  readonly parameters: readonly Parameter[];
  readonly returns: ReturnType;
  /** Set for a function that makes one body of a media type. */
  readonly media: MediaDomain | undefined;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly isVariadic: boolean;
  readonly isolation: string | undefined;
  /** Settings that hold for the whole transaction. */
  readonly hoisted: readonly (readonly [name: string, value: string])[];
}

/** An aggregate that makes the body of a custom media type. */
export interface MediaHandler extends QualifiedName, MediaDomain {
  /** Undefined: for every relation. */
  readonly table: QualifiedName | undefined;
}

/** Settings of a role, put on when it is taken on. */
export interface RoleSettings {
  readonly isolation: string | undefined;
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** Names by schema. */
export type BySchema<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

/** Everything plans are made from. Plain data, replaced as a whole. */
export interface SchemaCache {
  readonly schemas: readonly string[];
  readonly tables: BySchema<Table>;
  /** By schema and name of the near table; far tables of every exposed schema. */
  readonly relationships: BySchema<readonly Relationship[]>;
  readonly routines: BySchema<readonly Routine[]>;
  readonly mediaHandlers: readonly MediaHandler[];
  readonly roles: ReadonlyMap<string, RoleSettings>;
  readonly timezones: ReadonlySet<string>;
}

/** Looks a table up. */
export const findTable = (cache: SchemaCache, schema: string, name: string): Table | undefined =>
  cache.tables.get(schema)?.get(name);
