import { restError } from '../../errors.ts';
import type { Routine, SchemaCache } from '../cache/model.ts';
import { mostSimilar } from './similar.ts';

/** How a function is called, as far as it matters for which one is meant. */
export interface CallForm {
  readonly schema: string;
  readonly name: string;
  /** Names of the arguments given. */
  readonly argumentNames: ReadonlySet<string>;
  /** Type of the one unnamed parameter that could take the whole body; undefined when there is no body to take. */
  readonly body: 'json' | 'text' | 'xml' | 'bytea' | undefined;
}

/**
 * Chooses a function by the names of its arguments, never by their types (PostgREST 14 docs, "Functions as RPC").
 *
 * @throws PGRST202 when none fits, PGRST203 when several do
 */
export function chooseRoutine(cache: SchemaCache, form: CallForm): Routine {
  const overloads = cache.routines.get(form.schema)?.get(form.name) ?? [];
  const byName = overloads.filter((routine) => takes(routine, form));
  const fitting = byName.length > 0 ? byName : overloads.filter((routine) => takesBody(routine, form));
  if (fitting.length === 1) return fitting[0] as Routine;
  throw fitting.length === 0 ? notFound(cache, form, overloads) : ambiguous(fitting);
}

function takes({ parameters }: Routine, { argumentNames, body }: CallForm): boolean {
  if (parameters.length === 0) return argumentNames.size === 0 && (body === undefined || body === 'json');
  let named = 0;
  for (const { name, required } of parameters) {
    if (argumentNames.has(name)) named++;
    else if (required) return false;
  }
  return named === argumentNames.size;
}

/** Whether the only parameter is an unnamed one that takes a body of this kind. */
export function takesBody({ parameters }: Routine, { body }: Pick<CallForm, 'body'>): boolean {
  const [only] = parameters;
  if (parameters.length !== 1 || only === undefined || only.name !== '' || body === undefined) return false;
  return body === 'json' ? only.type === 'json' || only.type === 'jsonb' : only.type === body;
}

const leastNameLikeness = 0.75;
const leastListLikeness = 0.33;

function notFound(cache: SchemaCache, form: CallForm, overloads: readonly Routine[]) {
  const { schema, name, body } = form;
  const names = [...form.argumentNames].sort();
  const isRaw = body !== undefined && body !== 'json';
  const list = isRaw ? '' : names.length > 0 ? `(${names.join(', ')})` : ' without parameters';
  const searched = isRaw
    ? ` with a single unnamed ${body} parameter`
    : `${parameterPhrase(names)}${body === 'json' ? ' or with a single unnamed json/jsonb parameter' : ''}`;
  return restError('PGRST202', {
    message: `Could not find the function ${schema}.${name}${list} in the schema cache`,
    details: `Searched for the function ${schema}.${name}${searched}, but no matches were found in the schema cache.`,
    hint: isRaw ? null : hintFor(cache, form, names, overloads),
  });
}

function parameterPhrase(names: readonly string[]): string {
  if (names.length === 0) return ' without parameters';
  return ` with parameter${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

function hintFor(
  cache: SchemaCache,
  { schema, name }: CallForm,
  names: readonly string[],
  overloads: readonly Routine[],
): string | null {
  const found =
    overloads.length === 0
      ? mostSimilar(cache.routines.get(schema)?.keys() ?? [], name, leastNameLikeness)
      : prefixed(name, mostSimilar(overloads.map(parameterList), `(${names.join(', ')})`, leastListLikeness));
  return found === undefined ? null : `Perhaps you meant to call the function ${schema}.${found}`;
}

const prefixed = (name: string, list: string | undefined): string | undefined => list && `${name}${list}`;

const parameterList = ({ parameters }: Routine): string =>
  `(${parameters
    .map(({ name }) => name)
    .sort()
    .join(', ')})`;

function ambiguous(routines: readonly Routine[]) {
  const shown = routines.map(
    ({ schema, name, parameters }) =>
      `${schema}.${name}(${parameters.map((parameter) => `${parameter.name} => ${parameter.type}`).join(', ')})`,
  );
  return restError('PGRST203', {
    message: `Could not choose the best candidate function between: ${shown.join(', ')}`,
    hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
  });
}
