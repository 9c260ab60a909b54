import type { ResultShape } from '../plan/call-plan.ts';
import type { BodyFormat } from '../plan/media.ts';
import { qualified } from './fields.ts';

/** Name of the rows a body is made of. */
export const rowsAlias = '_postgrest_t';

/**
 * The expression that makes a body of all rows.
 *
 * @param shape a function's result, or `rows` for relations
 * @param source CTE whose first row names the columns of CSV
 */
export function bodySql(format: BodyFormat, shape: ResultShape, source: string): string {
  switch (format.kind) {
    case 'none':
      return `''::text`;
    case 'array':
      return arraySql(shape, format.stripNulls);
    case 'object': {
      const element = shape === 'rows' || shape === 'row' ? rowsAlias : `${rowsAlias}.pgrst_scalar`;
      return orElse(strip(`json_agg(${element})->0`, format.stripNulls), 'null');
    }
    case 'csv':
      return `${csvHeader(source)} || E'\\n' || ${csvRows}`;
    case 'geojson':
      return `json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(${rowsAlias})::json), '[]'))`;
    case 'aggregate': {
      const { table } = format.handler;
      return `${qualified(format.handler)}(${rowsAlias}${table === undefined ? '' : `::${qualified(table)}`})`;
    }
    case 'result':
      return `(array_agg(${rowsAlias}.pgrst_scalar))[1]`;
  }
}

function arraySql(shape: ResultShape, stripNulls: boolean): string {
  switch (shape) {
    case 'rows':
      return orElse(strip(`json_agg(${rowsAlias})`, stripNulls), '[]');
    case 'row':
      return orElse(strip(`json_agg(${rowsAlias})->0`, stripNulls), 'null');
    case 'values':
      return orElse(strip(`json_agg(${rowsAlias}.pgrst_scalar)`, stripNulls), '[]');
    case 'value':
      return strip(`json_agg(${rowsAlias}.pgrst_scalar)->0`, stripNulls);
  }
}

const strip = (value: string, stripNulls: boolean): string => (stripNulls ? `json_strip_nulls(${value})` : value);

const orElse = (value: string, otherwise: string): string => `coalesce(${value}, '${otherwise}')`;

const csvHeader = (source: string): string =>
  `(SELECT coalesce(string_agg(key, ','), '') FROM ` +
  `(SELECT json_object_keys(row_to_json(first_row)) AS key FROM (SELECT * FROM ${source} LIMIT 1) first_row) keys)`;

// The text of a record without its parentheses is a line of CSV.
const csvRows = `coalesce(string_agg(substring(${rowsAlias}::text, 2, length(${rowsAlias}::text) - 2), E'\\n'), '')`;
