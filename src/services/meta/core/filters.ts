import { metaError } from '../errors.ts';

/** A parsed query string. */
export type Query = Readonly<Record<string, unknown>>;

/** Which objects a list shows. */
export interface Filters {
  readonly includeSystemSchemas: boolean;
  readonly includedSchemas: readonly string[];
  readonly excludedSchemas: readonly string[];
  readonly limit: number | undefined;
  readonly offset: number | undefined;
}

/** Reads the parameters that lists share. @throws ServiceError naming the parameter that is no boolean or integer */
export function readFilters(query: Query): Filters {
  return {
    includeSystemSchemas: booleanOf(query, 'include_system_schemas') ?? false,
    includedSchemas: namesOf(query, 'included_schemas'),
    excludedSchemas: namesOf(query, 'excluded_schemas'),
    limit: integerOf(query, 'limit'),
    offset: integerOf(query, 'offset'),
  };
}

/** A boolean parameter. @throws ServiceError */
export function booleanOf(query: Query, name: string): boolean | undefined {
  const value = single(query, name);
  if (value === undefined) return undefined;
  if (value === 'true') return true;
  // An empty text means no, as JSON Schema's coercion has it upstream.
  if (value === 'false' || value === '') return false;
  throw metaError('invalid_request', { message: `querystring/${name} must be boolean` });
}

/** A comma-separated list of names. */
export function namesOf(query: Query, name: string): readonly string[] {
  return (single(query, name) ?? '').split(',').filter((each) => each !== '');
}

/** An integer parameter. @throws ServiceError */
export function integerOf(query: Query, name: string): number | undefined {
  const value = single(query, name);
  if (value === undefined) return undefined;
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw metaError('invalid_request', { message: `querystring/${name} must be integer` });
}

// A parameter given twice is an array.
function single(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw metaError('invalid_request', { message: `querystring/${name} must be string` });
}
