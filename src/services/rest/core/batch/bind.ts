import { restError } from '../../errors.ts';
import type { Filter, LogicTree, Operation, RestQuery } from '../grammar/tree.ts';
import type { ApiRequest } from '../request/api-request.ts';
import type { Payload } from '../request/payload.ts';
import type { BatchStep, Expectation } from './batch-step.ts';
import { replaceTexts, valueAt } from './json-text.ts';

/** JSON text of the value a name stands for; undefined for a name that stands for nothing. */
export type Lookup = (name: string) => string | undefined;

/**
 * Puts values in the place of the names that stand for them. This happens behind the parser: a value stays one value,
 * whatever characters it holds, and reaches the database as a parameter.
 */
export function bindRequest(request: ApiRequest, lookup: Lookup): ApiRequest {
  return { ...request, query: bindQuery(request.query, lookup), payload: bindPayload(request.payload, lookup) };
}

/** The conditions of an expected version. */
export function versionFilters({ version }: Expectation, lookup: Lookup): Filter[] {
  return [...version].map(([column, value]): Filter => {
    const operation: Operation =
      value === null
        ? { kind: 'is', value: 'null' }
        : { kind: 'compare', operator: 'eq', quantifier: undefined, value: boundText(value, lookup) };
    return { kind: 'filter', field: { name: column, path: [] }, negated: false, operation };
  });
}

/** Looks up what the steps so far have given. @throws STACK602 for a way that leads nowhere */
export function lookupIn(step: BatchStep, bodies: readonly (string | undefined)[]): Lookup {
  return (name) => {
    const reference = step.bindings.get(name);
    if (reference === undefined) return undefined;
    const body = bodies[reference.step];
    const span = body === undefined ? undefined : valueAt(body, reference.path);
    if (span === undefined || body === undefined)
      throw restError('STACK602', { details: `There is no value at '${reference.text}'` });
    return body.slice(span.start, span.end);
  };
}

/** @throws STACK600 for a name that is bound and stands nowhere */
export function checkUse(step: BatchStep, request: ApiRequest): void {
  const used = new Set<string>();
  const note: Lookup = (name) => {
    if (!step.bindings.has(name)) return undefined;
    used.add(name);
    return '"0"';
  };
  bindRequest(request, note);
  versionFilters(step.expectation, note);
  const unused = [...step.bindings.keys()].find((name) => !used.has(name));
  if (unused !== undefined) throw restError('STACK600', { details: `No value is ':${unused}'` });
}

/** The name in `:name`; undefined for any other text. */
const nameIn = (text: string): string | undefined => (text.startsWith(':') ? text.slice(1) : undefined);

function boundText(text: string, lookup: Lookup): string {
  const name = nameIn(text);
  const json = name === undefined ? undefined : lookup(name);
  if (json === undefined) return text;
  if (json === 'null') throw restError('STACK602', { details: `':${name}' is null, which equals nothing` });
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function bindQuery(query: RestQuery, lookup: Lookup): RestQuery {
  return {
    ...query,
    filters: query.filters.map(({ path, value }) => ({ path, value: bindFilter(value, lookup) })),
    logic: query.logic.map(({ path, value }) => ({ path, value: bindTree(value, lookup) })),
    args: query.args.map(([name, value]) => [name, boundText(value, lookup)] as const),
  };
}

const bindTree = (tree: LogicTree, lookup: Lookup): LogicTree =>
  tree.kind === 'filter'
    ? bindFilter(tree, lookup)
    : { ...tree, children: tree.children.map((child) => bindTree(child, lookup)) };

function bindFilter(filter: Filter, lookup: Lookup): Filter {
  const { operation } = filter;
  switch (operation.kind) {
    case 'compare':
    case 'distinct':
    case 'fts':
      return { ...filter, operation: { ...operation, value: boundText(operation.value, lookup) } };
    case 'in':
      return { ...filter, operation: { kind: 'in', values: operation.values.map((one) => boundText(one, lookup)) } };
    case 'is':
      return filter;
  }
}

function bindPayload(payload: Payload | undefined, lookup: Lookup): Payload | undefined {
  if (payload?.kind !== 'json') return payload;
  const text = payload.body.toString('utf8');
  const bound = replaceTexts(text, (value) => {
    const name = nameIn(value);
    return name === undefined ? undefined : lookup(name);
  });
  return bound === text ? payload : { ...payload, body: Buffer.from(bound) };
}
