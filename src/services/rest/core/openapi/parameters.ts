import type { Table } from '../cache/model.ts';
import { type Json, swaggerFormat } from './types.ts';

const header = (name: string, description: string, more: Json): Json => ({
  name,
  description,
  required: false,
  in: 'header',
  type: 'string',
  ...more,
});

const inQuery = (name: string, description: string): Json => ({
  name,
  description,
  required: false,
  in: 'query',
  type: 'string',
});

const returns = ['return=representation', 'return=minimal', 'return=headers-only'];

/** Parameters all tables share. */
const shared: Json = {
  preferParams: header('Prefer', 'Preference', { enum: ['params=single-object'] }),
  preferReturn: header('Prefer', 'Preference', { enum: returns }),
  preferCount: header('Prefer', 'Preference', { enum: ['count=exact', 'count=planned', 'count=estimated'] }),
  preferPost: header('Prefer', 'Preference', {
    enum: [...returns, 'resolution=ignore-duplicates', 'resolution=merge-duplicates'],
  }),
  select: inQuery('select', 'Filtering Columns'),
  on_conflict: inQuery('on_conflict', 'On Conflict'),
  order: inQuery('order', 'Ordering'),
  range: header('Range', 'Limiting and Pagination', {}),
  rangeUnit: header('Range-Unit', 'Limiting and Pagination', { default: 'items' }),
  offset: inQuery('offset', 'Limiting and Pagination'),
  limit: inQuery('limit', 'Limiting and Pagination'),
};

/** The document's `parameters`. */
export function parametersOf(tables: readonly Table[]): Json {
  const parameters: Record<string, unknown> = { ...shared };
  for (const { name, comment, columns } of tables) {
    parameters[`body.${name}`] = {
      name,
      ...(comment !== undefined && { description: comment }),
      required: false,
      in: 'body',
      schema: { $ref: `#/definitions/${name}` },
    };
    for (const column of columns.values())
      parameters[`rowFilter.${name}.${column.name}`] = {
        name: column.name,
        ...(column.comment !== undefined && { description: column.comment }),
        required: false,
        in: 'query',
        type: 'string',
        format: swaggerFormat(column.nominalType),
      };
  }
  return parameters;
}
