/** A relation as the generators see it. */
export interface Relation {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly is_updatable?: boolean;
}

/** A column. */
export interface Column {
  readonly table_id: number;
  readonly ordinal_position: number;
  readonly name: string;
  /** Name of the type, `_` before that of an array's items. */
  readonly format: string;
  readonly default_value: string | null;
  readonly is_identity: boolean;
  readonly identity_generation: 'ALWAYS' | 'BY DEFAULT' | null;
  readonly is_nullable: boolean;
  readonly is_updatable: boolean;
}

/** A parameter or output column of a function. */
export interface Argument {
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  readonly name: string;
  readonly type_id: number;
  readonly has_default: boolean | null;
}

/** A function. */
export interface FunctionObject {
  readonly schema: string;
  readonly name: string;
  readonly args: readonly Argument[];
  readonly argument_types: string;
  readonly return_type: string;
  readonly return_type_id: number;
  readonly return_type_relation_id: number | null;
  readonly is_set_returning_function: boolean;
  readonly prorows: number | null;
}

/** A type: of values, rows or arrays. */
export interface TypeObject {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly format: string;
  readonly enums: readonly string[];
  readonly attributes: readonly { readonly name: string; readonly type_id: number }[];
  readonly type_relation_id: number | null;
}

/** A foreign key, or what a view shows of it. */
export interface Relationship {
  readonly foreignKey: string;
  readonly relation: Relation;
  readonly columns: readonly string[];
  readonly referenced: Relation;
  readonly referencedColumns: readonly string[];
  readonly isOneToOne: boolean;
}

/** All that the generators write about. */
export interface Project {
  readonly schemas: readonly { readonly name: string }[];
  readonly tables: readonly Relation[];
  readonly foreignTables: readonly Relation[];
  readonly views: readonly Relation[];
  readonly materializedViews: readonly Relation[];
  /** By the id of their relation, in the order of their names. */
  readonly columns: ReadonlyMap<number, readonly Column[]>;
  readonly functions: readonly FunctionObject[];
  readonly types: readonly TypeObject[];
  readonly relationships: readonly Relationship[];
}
