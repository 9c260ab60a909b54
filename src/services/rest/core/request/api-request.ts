import { restError } from '../../errors.ts';
import { parseQuery } from '../grammar/query.ts';
import { type Parameter, parseParameters } from '../grammar/query-string.ts';
import type { RestQuery } from '../grammar/tree.ts';
import { type Action, actionOf, readsByProfile } from './action.ts';
import { type MediaType, parseAccept } from './media-type.ts';
import { type Payload, parsePayload } from './payload.ts';
import { type Preferences, parsePreferences } from './preferences.ts';
import { type Resource, resourceOf } from './resource.ts';
import { type TopRange, topRange } from './rows-range.ts';

/** A request as it came. */
export interface RawRequest {
  readonly method: string;
  /** Without query, not decoded. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** By lower-case name; repeated ones joined by commas. */
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** What a request is read against. */
export interface RequestRules {
  readonly schemas: readonly string[];
  readonly maxDepth: number;
  readonly isTimezone: (name: string) => boolean;
  /** A function that answers `/`. */
  readonly rootRoutine: { readonly schema: string; readonly name: string } | undefined;
  readonly describesRoot: boolean;
}

/** A request, understood. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly action: Action;
  readonly schema: string;
  /** Whether answers name the schema (`Content-Profile`). */
  readonly namesSchema: boolean;
  readonly parameters: readonly Parameter[];
  readonly query: RestQuery;
  readonly range: TopRange;
  readonly preferences: Preferences;
  readonly accept: readonly MediaType[];
  readonly payload: Payload | undefined;
}

/**
 * Reads a request, in the order in which PostgREST tells what is wrong: preferences, path, schema, method, query
 * string, ranges, payload.
 *
 * @throws PGRST100 to PGRST126 that need no schema cache
 */
export function parseRequest(raw: RawRequest, rules: RequestRules): ApiRequest {
  const { method, path, header } = raw;
  const preferences = parsePreferences(header('prefer'), rules.isTimezone);
  const resource = resourceAt(path, rules);
  const profile = header(readsByProfile(method) ? 'accept-profile' : 'content-profile');
  const schema = schemaOf(profile, resource, rules);
  const action = actionOf(method, resource);
  const parameters = parseParameters(raw.query);
  const query = parseQuery(parameters, {
    // The description takes arguments of its own.
    allowsArguments: action.kind === 'describe' || (action.kind === 'call' && action.byQuery),
    maxDepth: rules.maxDepth,
  });
  const top = query.ranges.find((one) => one.path.length === 0)?.value;
  if (action.kind === 'upsert' && (top?.limit !== undefined || top?.offset !== undefined)) throw restError('PGRST114');
  return {
    method,
    path,
    action,
    schema,
    namesSchema: profile !== undefined || rules.schemas.length > 1,
    parameters,
    query,
    range: topRange(method === 'GET' ? header('range') : undefined, top),
    preferences,
    accept: parseAccept(header('accept')),
    payload: payloadOf(raw, action, query),
  };
}

function resourceAt(path: string, { describesRoot, rootRoutine }: RequestRules): Resource {
  const resource = resourceOf(path);
  if (resource.kind !== 'root') return resource;
  if (!describesRoot) throw restError('PGRST126');
  return rootRoutine === undefined ? resource : { kind: 'routine', name: rootRoutine.name };
}

function schemaOf(profile: string | undefined, resource: Resource, { schemas, rootRoutine }: RequestRules): string {
  if (profile !== undefined && !schemas.includes(profile))
    throw restError('PGRST106', {
      message: `Invalid schema: ${profile}`,
      hint: `Only the following schemas are exposed: ${schemas.join(', ')}`,
    });
  const chosen = profile ?? schemas[0] ?? '';
  const ofRoot = resource.kind === 'routine' && resource.name === rootRoutine?.name ? rootRoutine.schema : '';
  return profile === undefined && ofRoot !== '' && schemas.includes(ofRoot) ? ofRoot : chosen;
}

function payloadOf({ header, body }: RawRequest, action: Action, query: RestQuery): Payload | undefined {
  const type = header('content-type');
  switch (action.kind) {
    case 'insert':
    case 'update':
      return parsePayload(type, body, { isCall: false, hasColumns: query.columns !== undefined });
    case 'upsert':
      return parsePayload(type, body, { isCall: false, hasColumns: false });
    case 'call':
      if (action.byQuery) return undefined;
      return parsePayload(type, body, { isCall: true, hasColumns: query.columns !== undefined });
    default:
      return undefined;
  }
}
