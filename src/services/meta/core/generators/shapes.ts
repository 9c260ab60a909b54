import type { Column, Project, Relation, TypeObject } from './objects.ts';

/** One way to look at a relation: as it is read, or as it is written. */
export interface Shape {
  readonly relation: Relation;
  readonly form: 'Select' | 'Insert' | 'Update';
  readonly fields: readonly Field[];
}

/** A field of a shape. */
export interface Field {
  readonly column: Column;
  /** True: it may be left out, or be null. */
  readonly isOptional: boolean;
}

/** The shapes of all relations: tables have three, views are only read. */
export function shapesOf(project: Project): readonly Shape[] {
  const shapes = (relation: Relation, forms: readonly Shape['form'][]): Shape[] =>
    forms.map((form) => ({
      relation,
      form,
      fields: (project.columns.get(relation.id) ?? []).map((column) => ({
        column,
        isOptional: optional[form](column),
      })),
    }));
  return [
    ...[...project.tables, ...project.foreignTables].flatMap((table) => shapes(table, ['Select', 'Insert', 'Update'])),
    ...[...project.views, ...project.materializedViews].flatMap((view) => shapes(view, ['Select'])),
  ];
}

const optional: Readonly<Record<Shape['form'], (column: Column) => boolean>> = {
  Select: (column) => column.is_nullable,
  Insert: (column) => column.is_nullable || column.is_identity || column.default_value !== null,
  Update: () => true,
};

/** Enums and composite types of the schemas that are written about. */
export function ownTypes(project: Project): { readonly enums: TypeObject[]; readonly composites: TypeObject[] } {
  const schemas = new Set(project.schemas.map(({ name }) => name));
  const own = project.types.filter(({ schema }) => schemas.has(schema));
  return {
    enums: own.filter(({ enums }) => enums.length > 0),
    composites: own.filter(({ attributes }) => attributes.length > 0),
  };
}

/** The words of a name: `user-id`, `user_id` and `userId` have the same. Letters of every script count. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const capital = (word: string): string => (word[0] as string).toUpperCase() + word.slice(1);

/** `UserId`. A name that would begin with a digit, or have nothing left, gets a letter before it. */
export function pascalCase(name: string): string {
  const joined = wordsOf(name).map(capital).join('');
  return /^\p{L}/u.test(joined) ? joined : `X${joined}`;
}

/** `userId` */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return (pascal[0] as string).toLowerCase() + pascal.slice(1);
}

/** `user_id` */
export function snakeCase(name: string): string {
  const joined = wordsOf(name).join('_').toLowerCase();
  return /^\p{L}/u.test(joined) ? joined : `x_${joined}`;
}
