import type { Column, Relationship, Table } from '../cache/model.ts';
import { type Json, swaggerType, typeMembers } from './types.ts';

/** The definition of a table's rows. @param relationships those of the table */
export function definitionOf(
  table: Table,
  relationships: readonly Relationship[],
  isView: (name: string) => boolean,
): Json {
  const columns = [...table.columns.values()];
  const required = columns.filter(({ nullable }) => !nullable).map(({ name }) => name);
  const properties = Object.fromEntries(
    columns.map((column) => [column.name, propertyOf(column, table, relationships, isView)]),
  );
  return {
    ...(table.comment !== undefined && { description: table.comment }),
    ...(required.length > 0 && { required }),
    properties,
    type: 'object',
  };
}

function propertyOf(
  column: Column,
  table: Table,
  relationships: readonly Relationship[],
  isView: (name: string) => boolean,
): Json {
  const description = descriptionOf(column, table, relationships, isView);
  const value = defaultOf(column);
  return {
    ...(value !== undefined && { default: value }),
    ...(description !== undefined && { description }),
    ...(column.enumLabels.length > 0 && { enum: column.enumLabels }),
    ...typeMembers(column.nominalType),
    ...(column.maxLength !== undefined && { maxLength: column.maxLength }),
  };
}

function descriptionOf(
  column: Column,
  table: Table,
  relationships: readonly Relationship[],
  isView: (name: string) => boolean,
): string | undefined {
  const notes: string[] = [];
  if (table.primaryKey.includes(column.name)) notes.push('This is a Primary Key.<pk/>');
  const target = foreignKeyOf(column, relationships, isView);
  if (target)
    notes.push(
      `This is a Foreign Key to \`${target.table}.${target.column}\`.<fk table='${target.table}' column='${target.column}'/>`,
    );
  if (notes.length === 0) return column.comment;
  const note = `Note:\n${notes.join('\n')}`;
  return column.comment === undefined ? note : `${column.comment}\n\n${note}`;
}

/** The column a one-column foreign key leads to; of several the one of a table rather than a view. */
function foreignKeyOf(
  { name }: Column,
  relationships: readonly Relationship[],
  isView: (name: string) => boolean,
): { readonly table: string; readonly column: string } | undefined {
  const targets = relationships.flatMap((one) => {
    if (one.kind !== 'many-to-one' && one.kind !== 'one-to-one') return [];
    const [pair] = one.columns;
    return one.columns.length === 1 && pair?.[0] === name ? [{ table: one.foreignTable.name, column: pair[1] }] : [];
  });
  return targets.find(({ table }) => !isView(table)) ?? targets[0];
}

/** A default as JSON, where it can be told without running it. */
function defaultOf({ default: expression, nominalType }: Column): unknown {
  if (expression === undefined) return undefined;
  if (swaggerType(nominalType) === 'string') {
    const suffix = `::${nominalType}`;
    if (!expression.endsWith(suffix)) return expression;
    return expression.slice(0, -suffix.length).replace(/^'+|'+$/g, '');
  }
  try {
    return JSON.parse(expression);
  } catch {
    // An expression the server has to compute.
    return undefined;
  }
}
