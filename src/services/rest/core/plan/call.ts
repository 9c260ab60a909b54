import { findTable, type Parameter, type Routine, type SchemaCache, type Table } from '../cache/model.ts';
import type { Parameter as QueryParameter } from '../grammar/query-string.ts';
import type { RestQuery } from '../grammar/tree.ts';
import type { Payload } from '../request/payload.ts';
import type { CallArguments } from './call-plan.ts';
import { type CallForm, chooseRoutine, takesBody } from './routine-choice.ts';

/** A call as the request states it. */
export interface CallInput {
  readonly cache: SchemaCache;
  readonly schema: string;
  readonly name: string;
  readonly query: RestQuery;
  /** Undefined for GET and HEAD. */
  readonly payload: Payload | undefined;
}

/** The function that is meant with what it is given. */
export interface ChosenCall {
  readonly routine: Routine;
  readonly args: CallArguments;
  /** The table whose rows come back, where the cache knows it. */
  readonly table: Table | undefined;
  /** What embeds start from: that table's namesake in the function's own schema, else the function. */
  readonly origin: string;
}

const bodyKinds = {
  'text/plain': 'text',
  'text/xml': 'xml',
  'application/octet-stream': 'bytea',
} as const;

/** Finds the function and its arguments. @throws PGRST202, PGRST203 */
export function planCall(input: CallInput): ChosenCall {
  const form = callForm(input);
  const routine = chooseRoutine(input.cache, form);
  const { returns, schema } = routine;
  const namesake = returns.isComposite ? findTable(input.cache, schema, returns.name) : undefined;
  const table = returns.schema === schema ? namesake : undefined;
  return { routine, args: argumentsOf(routine, form, input), table, origin: namesake?.name ?? routine.name };
}

function callForm({ schema, name, query, payload }: CallInput): CallForm {
  if (payload === undefined)
    return { schema, name, argumentNames: new Set(query.args.map(([of]) => of)), body: undefined };
  switch (payload.kind) {
    case 'json':
      return { schema, name, argumentNames: new Set(query.columns ?? payload.keys ?? []), body: 'json' };
    case 'form':
      return { schema, name, argumentNames: new Set(payload.parameters.map((one) => one.name)), body: undefined };
    case 'raw':
      return { schema, name, argumentNames: new Set(), body: bodyKinds[payload.type] };
  }
}

function argumentsOf(routine: Routine, form: CallForm, { query, payload }: CallInput): CallArguments {
  if (payload === undefined) return texts(routine, query.args);
  if (payload.kind === 'form')
    return texts(
      routine,
      payload.parameters.map(({ name, value }: QueryParameter) => [name, value ?? ''] as const),
    );
  const named = routine.parameters.filter(({ name }) => form.argumentNames.has(name));
  const [first] = routine.parameters;
  if (named.length === 0 && first !== undefined && takesBody(routine, form))
    return { kind: 'body', type: first.type, body: payload.body };
  const isArray = payload.kind === 'json' && payload.isArray;
  return { kind: 'json', parameters: named, body: payload.body, isArray };
}

function texts({ parameters }: Routine, given: readonly (readonly [string, string])[]): CallArguments {
  const values = new Map<Parameter, string[]>();
  for (const [name, value] of given) {
    const parameter = parameters.find((one) => one.name === name);
    if (parameter === undefined) continue;
    const known = values.get(parameter);
    if (known !== undefined && parameter.variadic) known.push(value);
    else values.set(parameter, [value]);
  }
  return { kind: 'texts', values: [...values] };
}
