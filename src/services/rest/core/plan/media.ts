import { restError } from '../../errors.ts';
import type { MediaDomain, MediaHandler, Routine, SchemaCache, Table } from '../cache/model.ts';
import {
  isKnownType,
  type MediaType,
  mediaTypes,
  type PlanRequest,
  planRequestOf,
  printMediaType,
  stripsNulls,
} from '../request/media-type.ts';

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
export type Explain = Pick<PlanRequest, 'format' | 'options'>;

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
  const stripped = stripsNulls(type);
  switch (type.name) {
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return builtIn({ kind: 'object', stripNulls: stripped }, type);
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      if (stripped) return builtIn({ kind: 'array', stripNulls: true }, type);
      return handlerFor(mediaTypes.json, represented, cache);
    default:
      return ofThis(type.name, represented, cache) ?? ofAnything(type.name, cache);
  }
}

const builtIn = (format: BodyFormat, type: MediaType): Negotiated => ({
  format,
  contentType: `${printMediaType(type)}${utf8}`,
  explain: undefined,
});

/** What was made for this one table or function, as it is when nothing is selected from it. */
function ofThis(name: string, { table, routine, isDefaultSelect }: Represented, cache: SchemaCache) {
  if (!isDefaultSelect) return undefined;
  if (routine?.media && (routine.media.mediaType === mediaTypes.any.name || routine.media.mediaType === name))
    return madeOf({ kind: 'result', media: routine.media }, routine.media.mediaType);
  if (table === undefined || cache.mediaHandlers.length === 0) return undefined;
  const handlers = cache.mediaHandlers.filter(
    (handler) => handler.table?.schema === table.schema && handler.table.name === table.name,
  );
  // One for everything comes before those for something.
  const handler =
    handlers.find(({ mediaType }) => mediaType === mediaTypes.any.name) ??
    handlers.find(({ mediaType }) => mediaType === name);
  return handler && madeOf({ kind: 'aggregate', handler }, handler.mediaType);
}

/** What can be made of any rows: by an aggregate over them, or by the server itself. */
function ofAnything(name: string, cache: SchemaCache): Negotiated | undefined {
  const handler = cache.mediaHandlers.find(({ table, mediaType }) => table === undefined && mediaType === name);
  if (handler) return madeOf({ kind: 'aggregate', handler }, handler.mediaType);
  switch (name) {
    case '*/*':
    case 'application/json':
      return json;
    case 'text/csv':
      return builtIn({ kind: 'csv' }, mediaTypes.csv);
    case 'application/geo+json':
      return builtIn({ kind: 'geojson' }, mediaTypes.geojson);
    default:
      return undefined;
  }
}

function madeOf(format: BodyFormat, mediaType: string): Negotiated {
  if (mediaType === mediaTypes.any.name) return { format, contentType: binaryType, explain: undefined };
  const contentType = isKnownType(mediaType) ? `${mediaType}${utf8}` : mediaType;
  return { format, contentType, explain: undefined };
}

function explained(type: MediaType, represented: Represented, cache: SchemaCache): Negotiated | undefined {
  const plan = planRequestOf(type);
  const inner = plan && handlerFor(plan.target, represented, cache);
  return inner && { format: inner.format, contentType: `${printMediaType(type)}${utf8}`, explain: plan };
}
