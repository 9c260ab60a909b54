import type { Parameter, Routine, Table } from '../cache/model.ts';
import { type Json, summaryOf, swaggerFormat, swaggerType, typeMembers } from './types.ts';

const reference = (name: string): Json => ({ $ref: `#/parameters/${name}` });
const references = (names: readonly string[]): Json[] => names.map(reference);
const responses = (status: string, description: string): Json => ({ [status]: { description } });

const root: Json = {
  get: {
    tags: ['Introspection'],
    summary: 'OpenAPI description (this document)',
    produces: ['application/openapi+json', 'application/json'],
    responses: responses('200', 'OK'),
  },
};

/** The document's `paths`. Of overloaded functions the last one is described. */
export function pathsOf(tables: readonly Table[], routines: readonly Routine[]): Json {
  const paths: Record<string, Json> = { '/': root };
  for (const table of tables) paths[`/${table.name}`] = tablePath(table);
  for (const routine of routines) paths[`/rpc/${routine.name}`] = routinePath(routine);
  return paths;
}

function tablePath(table: Table): Json {
  const { name, insertable, updatable, deletable } = table;
  const common = { tags: [name], ...summaryOf(table.comment) };
  const filters = [...table.columns.keys()].map((column) => `rowFilter.${name}.${column}`);
  const get = {
    ...common,
    parameters: references([...filters, 'select', 'order', 'range', 'rangeUnit', 'offset', 'limit', 'preferCount']),
    responses: {
      '200': { description: 'OK', schema: { type: 'array', items: { $ref: `#/definitions/${name}` } } },
      ...responses('206', 'Partial Content'),
    },
  };
  if (!insertable && !updatable && !deletable) return { get };
  const post = {
    ...common,
    parameters: references([`body.${name}`, 'select', 'preferPost']),
    responses: responses('201', 'Created'),
  };
  const remove = {
    ...common,
    parameters: references([...filters, 'preferReturn']),
    responses: responses('204', 'No Content'),
  };
  const patch = {
    ...common,
    parameters: references([...filters, `body.${name}`, 'preferReturn']),
    responses: responses('204', 'No Content'),
  };
  return { get, post, delete: remove, patch };
}

function routinePath(routine: Routine): Json {
  const common = {
    tags: [`(rpc) ${routine.name}`],
    ...summaryOf(routine.comment),
    produces: [
      'application/json',
      'application/vnd.pgrst.object+json;nulls=stripped',
      'application/vnd.pgrst.object+json',
    ],
    responses: responses('200', 'OK'),
  };
  const post = { ...common, parameters: [argumentsBody(routine), reference('preferParams')] };
  if (routine.volatility === 'volatile') return { post };
  return { get: { ...common, parameters: routine.parameters.map(queryParameter) }, post };
}

function argumentsBody({ parameters, comment }: Routine): Json {
  const required = parameters.filter((one) => one.required).map(({ name }) => name);
  const properties = Object.fromEntries(parameters.map(({ name, type }) => [name, typeMembers(type)]));
  return {
    required: true,
    name: 'args',
    in: 'body',
    schema: {
      ...(comment !== undefined && { description: comment }),
      ...(required.length > 0 && { required }),
      properties,
      type: 'object',
    },
  };
}

// The query string holds texts: an array is written as PostgreSQL writes it, or repeated for a variadic parameter.
function queryParameter({ name, type, required, variadic }: Parameter): Json {
  const named = swaggerType(type);
  const isList = variadic && named === 'array';
  return {
    name,
    required,
    in: 'query',
    format: swaggerFormat(type),
    type: isList ? 'array' : named === 'array' ? 'string' : (named ?? 'string'),
    ...(isList && { items: { type: swaggerType(type.slice(0, -2)) ?? 'string' }, collectionFormat: 'multi' }),
  };
}
