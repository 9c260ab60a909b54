/** Rows of the catalogue queries beside this file, as `pg` hands them over. Object ids are texts. */
export interface RelationRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  /** `pg_class.relkind`: r table, p partitioned, v view, m materialized view, f foreign. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f';
  /** Bits of `pg_relation_is_updatable`: 4 update, 8 insert, 16 delete; null for kinds that need no look. */
  readonly events: number | null;
}

/** A column of an exposed relation. */
export interface ColumnRow {
  readonly number: number;
  readonly name: string;
  readonly comment: string | null;
  readonly nullable: boolean;
  /** Type as declared, with modifiers and qualified where needed: it stands in SQL as it is. */
  readonly declared: string;
  /** Type without modifiers, domains over built-in types resolved. */
  readonly nominal: string;
  /** The type at the bottom of all domains. */
  readonly base: string;
  readonly domain: string | null;
  readonly max_length: number | null;
  readonly default: string | null;
  readonly enum: readonly string[] | null;
}

/** A column as it stands in `RelationColumnsRow`: the members of `ColumnRow` in their order, `relation` apart. */
export type ColumnCells = readonly [
  number: number,
  name: string,
  comment: string | null,
  nullable: boolean,
  declared: string,
  nominal: string,
  base: string,
  domain: string | null,
  maxLength: number | null,
  defaultValue: string | null,
  enumLabels: readonly string[] | null,
];

/** The columns of a relation. */
export interface RelationColumnsRow {
  readonly relation: string;
  /** JSON: `ColumnCells` of each column. */
  readonly columns: string;
}

/** Takes the columns of a relation apart, in the order of their numbers. */
export function columnRows({ columns }: RelationColumnsRow): readonly ColumnRow[] {
  return (JSON.parse(columns) as ColumnCells[]).map(
    ([number, name, comment, nullable, declared, nominal, base, domain, maxLength, defaultValue, enumLabels]) => ({
      number,
      name,
      comment,
      nullable,
      declared,
      nominal,
      base,
      domain,
      max_length: maxLength,
      default: defaultValue,
      enum: enumLabels,
    }),
  );
}

/** A primary key, unique or foreign key constraint of any schema. */
export interface KeyRow {
  readonly kind: 'p' | 'u' | 'f';
  readonly name: string;
  readonly relation: string;
  readonly numbers: readonly number[];
  readonly columns: readonly string[];
  readonly foreign_relation: string | null;
  readonly foreign_numbers: readonly number[] | null;
  readonly foreign_columns: readonly string[] | null;
}

/** A view with its query as the server keeps it. */
export interface ViewRow {
  readonly relation: string;
  readonly action: string;
}

/** One parameter of a function, as JSON. */
export interface ParameterJson {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly variadic: boolean;
}

/** A function of an exposed schema. */
export interface RoutineRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  readonly parameters: readonly ParameterJson[];
  readonly return_schema: string;
  readonly return_name: string;
  readonly returns_set: boolean;
  readonly returns_composite: boolean;
  readonly returns_void: boolean;
  /** Name and bottom type of the domain returned, where that is called like a media type. */
  readonly media_type: string | null;
  readonly media_base: string | null;
  readonly volatility: 'i' | 's' | 'v';
  readonly variadic: boolean;
  readonly settings: readonly string[] | null;
}

/** A function from one relation's row type to another's. */
export interface ComputedRelationshipRow {
  readonly schema: string;
  readonly name: string;
  readonly relation: string;
  readonly foreign_relation: string;
  readonly single: boolean;
}

/** An implicit cast with a function between a domain and json or text. */
export interface RepresentationRow {
  readonly source: string;
  readonly target: string;
  /** SQL text. */
  readonly function: string;
  readonly direction: 'to-json' | 'from-json' | 'from-text';
}

/** An aggregate or function that makes a media type. */
export interface MediaHandlerRow {
  readonly schema: string;
  readonly name: string;
  /** Oid of the relation whose rows it aggregates; null for any. */
  readonly relation: string | null;
  readonly media_type: string;
  /** Type at the bottom of the media type's domain. */
  readonly base: string;
}

/** A setting of a role that requests may take on. */
export interface RoleSettingRow {
  readonly role: string;
  readonly name: string;
  readonly value: string;
}

/** A setting of the role we connect as. */
export interface OwnSettingRow {
  readonly name: string;
  readonly value: string;
}

/** All that is read of a database, in one transaction. */
export interface Catalog {
  /** Those of the exposed schemas that exist, in the order they were given. */
  readonly schemas: readonly string[];
  readonly relations: readonly RelationRow[];
  readonly columns: readonly RelationColumnsRow[];
  readonly keys: readonly KeyRow[];
  readonly views: readonly ViewRow[];
  readonly routines: readonly RoutineRow[];
  readonly computedRelationships: readonly ComputedRelationshipRow[];
  readonly representations: readonly RepresentationRow[];
  readonly mediaAggregates: readonly MediaHandlerRow[];
  readonly roleSettings: readonly RoleSettingRow[];
}
