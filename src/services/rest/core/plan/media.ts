import { restError } from '../../errors.ts';
import type { MediaDomain, MediaHandler, Routine, SchemaCache, Table } from '../cache/model.ts';
import { type MediaType, mediaTypes, parameterOf, parseMediaType, printMediaType } from '../request/media-type.ts';

/** How the rows of a result become a body. */
export type BodyFormat =
  | { readonly kind: 'none' }
  | { readonly kind: 'array' | 'object'; readonly stripNulls: boolean }
  | { readonly kind: 'csv' }
  | { readonly kind: 'geojson' }
  /** An aggregate of the database makes the body. */
  | { readonly kind: 'aggregate'; readonly handler: MediaHandler }
  /** The function's result is the body. */
  | { readonly kind: 'result'; readonly media: MediaDomain };

/** A statement that is explained instead of answered. */
export interface Explain {
  readonly format: 'text' | 'json';
  readonly options: readonly string[];
}

/** What was settled with the client. */
export interface Negotiated {
  readonly format: BodyFormat;
  readonly contentType: string;
  readonly explain: Explain | undefined;
}

/** What is to be represented. */
export interface Represented {
  /** The table, or the table whose rows a function gives. */
  readonly table: Table | undefined;
  readonly routine: Routine | undefined;
  /** Nothing was selected and nothing embedded: what handlers of one table are made for. */
  readonly isDefaultSelect: boolean;
}

const utf8 = '; charset=utf-8';
const json: Negotiated = {
  format: { kind: 'array', stripNulls: false },
  contentType: `application/json${utf8}`,
  explain: undefined,
};
const binaryType = 'application/octet-stream';
const explainOptions = ['analyze', 'verbose', 'settings', 'buffers', 'wal'];

/**
 * Picks the first wanted media type that can be made (PostgREST 14 docs, "Media Type Handlers").
 *
 * @throws PGRST107 when none can
 */
export function negotiate(
  accept: readonly MediaType[],
  represented: Represented,
  cache: SchemaCache,
  planEnabled: boolean,
): Negotiated {
  for (const type of accept) {
    const found =
      handlerFor(type, represented, cache) ?? (planEnabled ? explained(type, represented, cache) : undefined);
    if (found) return found;
  }
  throw notAvailable(accept);
}

/** The error for media types nobody can make. */
export const notAvailable = (accept: readonly MediaType[]) =>
  restError('PGRST107', {
    message: `None of these media types are available: ${accept.map(printMediaType).join(', ')}`,
  });

function handlerFor(type: MediaType, represented: Represented, cache: SchemaCache): Negotiated | undefined {
  return custom(type, represented, cache) ?? builtIn(type);
}

function builtIn(type: MediaType): Negotiated | undefined {
  switch (type.name) {
    case '*/*':
    case 'application/json':
      return json;
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      return stripsNulls(type) ? stripped('array') : json;
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return stripsNulls(type)
        ? stripped('object')
        : plain({ kind: 'object', stripNulls: false }, 'application/vnd.pgrst.object+json');
    case 'text/csv':
      return plain({ kind: 'csv' }, 'text/csv');
    case 'application/geo+json':
      return plain({ kind: 'geojson' }, 'application/geo+json');
    default:
      return undefined;
  }
}

const stripsNulls = (type: MediaType): boolean => parameterOf(type, 'nulls') === 'stripped';

const plain = (format: BodyFormat, name: string): Negotiated => ({
  format,
  contentType: `${name}${utf8}`,
  explain: undefined,
});

const stripped = (kind: 'array' | 'object'): Negotiated =>
  plain({ kind, stripNulls: true }, `application/vnd.pgrst.${kind}+json;nulls=stripped`);

function custom(type: MediaType, represented: Represented, cache: SchemaCache): Negotiated | undefined {
  if (type.name.startsWith('application/vnd.pgrst.')) return undefined;
  const { table, routine, isDefaultSelect } = represented;
  const fits = (mediaType: string): boolean => mediaType === mediaTypes.any.name || mediaType === type.name;
  if (routine?.media && fits(routine.media.mediaType))
    return madeOf({ kind: 'result', media: routine.media }, routine.media.mediaType);
  if (cache.mediaHandlers.length === 0) return undefined;
  const ofTable = (handler: MediaHandler): boolean =>
    isDefaultSelect &&
    table !== undefined &&
    handler.table?.schema === table.schema &&
    handler.table.name === table.name;
  const handlers = cache.mediaHandlers.filter(({ mediaType }) => fits(mediaType));
  const handler = handlers.find(ofTable) ?? handlers.find((one) => one.table === undefined);
  return handler && madeOf({ kind: 'aggregate', handler }, handler.mediaType);
}

// Types the server knows itself say in which encoding they are; of others it knows nothing.
function madeOf(format: BodyFormat, mediaType: string): Negotiated {
  if (mediaType === mediaTypes.any.name) return { format, contentType: binaryType, explain: undefined };
  const contentType = knownTypes.has(mediaType) ? `${mediaType}${utf8}` : mediaType;
  return { format, contentType, explain: undefined };
}

const knownTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/geo+json',
  'text/csv',
  'text/plain',
  'text/xml',
  'application/openapi+json',
  'application/x-www-form-urlencoded',
]);

function explained(type: MediaType, represented: Represented, cache: SchemaCache): Negotiated | undefined {
  const format = explainFormat(type.name);
  if (format === undefined) return undefined;
  const wanted = parameterOf(type, 'for') ?? mediaTypes.json.name;
  const inner = handlerFor(parseMediaType(wanted), represented, cache);
  if (inner === undefined) return undefined;
  const named = (parameterOf(type, 'options') ?? '').split('|');
  const options = explainOptions.filter((option) => named.includes(option));
  const shown = options.length === 0 ? '' : `; options=${options.join('|')}`;
  return {
    format: inner.format,
    contentType: `application/vnd.pgrst.plan+${format}; for="${wanted}"${shown}${utf8}`,
    explain: { format, options },
  };
}

function explainFormat(name: string): Explain['format'] | undefined {
  switch (name) {
    case 'application/vnd.pgrst.plan':
    case 'application/vnd.pgrst.plan+text':
      return 'text';
    case 'application/vnd.pgrst.plan+json':
      return 'json';
    default:
      return undefined;
  }
}
