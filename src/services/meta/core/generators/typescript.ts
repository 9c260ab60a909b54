import type { Column, Project, Relation, Relationship } from './objects.ts';
import { type Callable, functionWriter } from './typescript-functions.ts';
import { helperTypes } from './typescript-lookups.ts';
import { labels, typeScriptTypes } from './typescript-types.ts';

/** What can be chosen of the output. */
export interface TypeScriptOptions {
  /** True: relationships tell whether they are one to one. */
  readonly detectOneToOne: boolean;
  /** Version of PostgREST that clients should take for granted. */
  readonly postgrestVersion?: string | undefined;
  readonly defaultSchema: string;
}

const json = 'export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]';
const nothing = '[_ in never]: never';
const key = (name: string): string => JSON.stringify(name);
const orNull = (type: string): string => (type === 'unknown' ? type : `${type} | null`);
const block = (lines: readonly string[]): string => `{\n${lines.join('\n')}\n}`;
const filled = (lines: readonly string[]): string => block(lines.length === 0 ? [nothing] : lines);

/** The types of a project for supabase-js, laid out by Prettier (80 columns, no semicolons). */
export async function writeTypeScript(project: Project, options: TypeScriptOptions): Promise<string> {
  const { format } = await import('prettier');
  const text = [
    json,
    `export type Database = ${databaseType(project, options)}`,
    helperTypes(options.defaultSchema),
    constants(project),
  ].join('\n\n');
  return format(text, { parser: 'typescript', semi: false });
}

function databaseType(project: Project, { detectOneToOne, postgrestVersion }: TypeScriptOptions): string {
  const typeScriptOf = typeScriptTypes(project);
  const relationships = [...project.relationships].sort(
    (a, b) =>
      a.foreignKey.localeCompare(b.foreignKey) ||
      a.referenced.name.localeCompare(b.referenced.name) ||
      JSON.stringify(a.referencedColumns).localeCompare(JSON.stringify(b.referencedColumns)),
  );
  const typeNames = new Map(project.types.map(({ id, name }) => [id, name]));
  const columnsOf = (relation: Relation): readonly Column[] => project.columns.get(relation.id) ?? [];
  const rowFields = (relation: Relation): string[] =>
    columnsOf(relation).map((column) => `${key(column.name)}: ${typeOf(column, relation.schema, column.is_nullable)}`);
  const typeOf = (column: Column, schema: string, nullable: boolean): string => {
    const type = typeScriptOf(column.format, schema);
    return nullable ? orNull(type) : type;
  };

  const views: readonly Relation[] = [
    ...project.views,
    ...project.materializedViews.map((view) => ({ ...view, is_updatable: false })),
  ].sort(byName);
  const tables = [...project.tables, ...project.foreignTables].sort(byName);
  const byId = new Map([...tables, ...views].map((relation) => [relation.id, relation]));
  const functions = functionWriter(project, typeScriptOf, (id, schema) => {
    const relation = byId.get(id);
    return relation?.schema === schema ? rowFields(relation).join('\n') : undefined;
  });

  const relationship = ({ foreignKey, columns, isOneToOne, referenced, referencedColumns }: Relationship): string =>
    block([
      `foreignKeyName: ${key(foreignKey)}`,
      `columns: ${JSON.stringify(columns)}`,
      ...(detectOneToOne ? [`isOneToOne: ${isOneToOne}`] : []),
      `referencedRelation: ${key(referenced.name)}`,
      `referencedColumns: ${JSON.stringify(referencedColumns)}`,
    ]);
  const relationshipsOf = (relation: Relation): string => {
    const own = relationships.filter((each) => each.relation.id === relation.id).map(relationship);
    return `Relationships: [\n${own.join(',\n')}\n]`;
  };

  function tableEntry(table: Relation, callable: readonly Callable[]): string {
    const written = (isOptional: (column: Column) => boolean): string[] =>
      columnsOf(table).map((column) =>
        column.identity_generation === 'ALWAYS'
          ? `${key(column.name)}?: never`
          : `${key(column.name)}${isOptional(column) ? '?' : ''}: ${typeOf(column, table.schema, column.is_nullable)}`,
      );
    return `${key(table.name)}: ${block([
      `Row: ${block([...rowFields(table), ...computedFields(table, callable)])}`,
      `Insert: ${block(written((column) => column.is_nullable || column.is_identity || column.default_value !== null))}`,
      `Update: ${block(written(() => true))}`,
      relationshipsOf(table),
    ])}`;
  }

  function viewEntry(view: Relation, callable: readonly Callable[]): string {
    const written = block(
      columnsOf(view).map((column) =>
        column.is_updatable
          ? `${key(column.name)}?: ${typeOf(column, view.schema, true)}`
          : `${key(column.name)}?: never`,
      ),
    );
    return `${key(view.name)}: ${block([
      `Row: ${block([...rowFields(view), ...computedFields(view, callable)])}`,
      ...(view.is_updatable ? [`Insert: ${written}`, `Update: ${written}`] : []),
      relationshipsOf(view),
    ])}`;
  }

  // Functions that take the row without naming it, which REST offers as columns.
  const computedFields = (relation: Relation, callable: readonly Callable[]): string[] =>
    callable
      .filter(({ fn }) => fn.argument_types === relation.name)
      .map(({ fn }) => `${key(fn.name)}: ${orNull(functions.returned(relation.schema, fn))}`);

  function schemaEntry(schema: string): string {
    const inSchema = <T extends { readonly schema: string }>(list: readonly T[]): T[] =>
      list.filter((each) => each.schema === schema);
    const callable = functions.callable(schema);
    const names = [...new Set(callable.map(({ fn }) => fn.name))];
    const types = inSchema(project.types).sort(byName);
    const composites = types.filter(({ attributes }) => attributes.length > 0);
    return `${key(schema)}: ${block([
      `Tables: ${filled(inSchema(tables).map((table) => tableEntry(table, callable)))}`,
      `Views: ${filled(inSchema(views).map((view) => viewEntry(view, callable)))}`,
      `Functions: ${filled(
        names.map((name) => {
          const overloads = callable.filter(({ fn }) => fn.name === name);
          return `${key(name)}:\n${functions.entry(schema, overloads)}`;
        }),
      )}`,
      `Enums: ${filled(types.filter(({ enums }) => enums.length > 0).map((type) => `${key(type.name)}: ${labels(type)}`))}`,
      `CompositeTypes: ${filled(
        composites.map(({ name, attributes }) => {
          const fields = attributes.map((attribute) => {
            const type = typeNames.get(attribute.type_id);
            return `${key(attribute.name)}: ${type === undefined ? 'unknown' : orNull(typeScriptOf(type, schema))}`;
          });
          return `${key(name)}: ${block(fields)}`;
        }),
      )}`,
    ])}`;
  }

  return block([
    ...(postgrestVersion === undefined ? [] : [internals(postgrestVersion)]),
    ...project.schemas.map(({ name }) => schemaEntry(name)),
  ]);
}

// Read by supabase-js at compile time, to know what the server can do.
const internals = (postgrestVersion: string): string =>
  `// Allows to automatically instantiate createClient with right options
  // instead of createClient<Database, { PostgrestVersion: 'XX' }>(URL, KEY)
  __InternalSupabase: {
    PostgrestVersion: ${key(postgrestVersion)}
  }`;

/** The labels of the enums as values. */
function constants(project: Project): string {
  const schemas = project.schemas.map(({ name }) => {
    const enums = project.types
      .filter((type) => type.schema === name && type.enums.length > 0)
      .sort(byName)
      .map((type) => `${key(type.name)}: ${JSON.stringify(type.enums)}`);
    return `${key(name)}: {\nEnums: {\n${enums.join(',\n')}\n}\n}`;
  });
  return `export const Constants = {\n${schemas.join(',\n')}\n} as const`;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name);
}
