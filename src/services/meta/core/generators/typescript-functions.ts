import type { Argument, FunctionObject, Project, TypeObject } from './objects.ts';
import type { TypeScriptOf } from './typescript-types.ts';

/** A function that can be called by REST, with its inputs in the order of their names. */
export interface Callable {
  readonly fn: FunctionObject;
  readonly inputs: readonly Argument[];
}

/** json, jsonb and text: what a single unnamed parameter may be of (PostgREST, "Functions with a single unnamed parameter"). */
const unnamedTypes: readonly number[] = [114, 3802, 25];
const inputModes: readonly string[] = ['in', 'inout', 'variadic'];

/** Writes functions. */
export interface FunctionWriter {
  /** Those of a schema that can be called, in the order of their names. */
  callable(schema: string): readonly Callable[];
  /** The entry of one name under `Functions`. */
  entry(schema: string, overloads: readonly Callable[]): string;
  /** What a function gives back, without the brackets of a set. */
  returned(schema: string, fn: FunctionObject): string;
}

/** @param rowOf fields of a relation's row as TypeScript */
export function functionWriter(
  project: Project,
  typeScriptOf: TypeScriptOf,
  rowOf: (relationId: number, schema: string) => string | undefined,
): FunctionWriter {
  const types = new Map(project.types.map((type) => [type.id, type]));
  const relationNames = new Map(
    [project.tables, project.foreignTables, project.views, project.materializedViews].flatMap((relations) =>
      relations.map(({ id, name }) => [id, name] as const),
    ),
  );
  const typeName = (id: number): string => types.get(id)?.name ?? 'unknown';
  const typed = (id: number, schema: string): string => {
    const type = types.get(id);
    return type ? typeScriptOf(type.name, schema) : 'unknown';
  };
  const rowType = (id: number): TypeObject | undefined => {
    const type = types.get(id);
    return type?.type_relation_id ? type : undefined;
  };
  // A composite type has no relation of its own among the relations, but a name.
  const returnedRelation = (fn: FunctionObject): string | undefined =>
    fn.return_type_relation_id === null
      ? undefined
      : (relationNames.get(fn.return_type_relation_id) ?? rowType(fn.return_type_id)?.name);

  // A computed field whose parameter has no name: it can be selected, not called.
  const isComputedField = ({ fn, inputs }: Callable): boolean =>
    inputs.length === 1 && inputs[0]?.name === '' && rowType(inputs[0].type_id) !== undefined && !returnedRelation(fn);

  function isCallable(inputs: readonly Argument[]): boolean {
    const unnamed = inputs.filter(({ name }) => name === '');
    if (unnamed.every(({ has_default, type_id }) => has_default && unnamedTypes.includes(type_id))) return true;
    const [only] = inputs;
    return (
      inputs.length === 1 &&
      only !== undefined &&
      (unnamedTypes.includes(only.type_id) || rowType(only.type_id) !== undefined)
    );
  }

  function returned(schema: string, fn: FunctionObject): string {
    const columns = fn.args.filter(({ mode }) => mode === 'table').sort(byName);
    if (columns.length > 0)
      return `{\n${columns.map(({ name, type_id }) => `${JSON.stringify(name)}: ${typed(type_id, schema)}`).join('\n')}\n}`;
    const row = fn.return_type_relation_id === null ? undefined : rowOf(fn.return_type_relation_id, schema);
    return row === undefined ? typed(fn.return_type_id, schema) : `{\n${row}\n}`;
  }

  function embedding(fn: FunctionObject): string {
    const to = returnedRelation(fn);
    if (to === undefined) return '';
    const [argument] = fn.args;
    const from = fn.args.length === 1 && argument ? rowType(argument.type_id)?.format : undefined;
    const isSet = fn.is_set_returning_function;
    return `\nSetofOptions: {
      from: ${JSON.stringify(from ?? '*')}
      to: ${JSON.stringify(to)}
      isOneToOne: ${!givesMany(fn)}
      isSetofReturn: ${isSet}
    }`;
  }

  function signature(schema: string, callable: Callable, overloads: readonly Callable[]): string {
    const { fn, inputs } = callable;
    const fields = inputs.map(
      ({ name, type_id, has_default }) => `${JSON.stringify(name)}${has_default ? '?' : ''}: ${typed(type_id, schema)}`,
    );
    const args = fields.length === 0 ? 'never' : `{ ${fields.join('; ')} }`;
    const problem = problemOf(schema, callable, overloads);
    const result = problem === undefined ? returned(schema, fn) : `{ error: true } & ${JSON.stringify(problem)}`;
    const brackets = fn.is_set_returning_function && givesMany(fn) ? '[]' : '';
    return `{ Args: ${args}; Returns: ${result}${brackets}${embedding(fn)} }`;
  }

  function problemOf(schema: string, callable: Callable, overloads: readonly Callable[]): string | undefined {
    const rivals = rivalsOf(callable, overloads);
    if (rivals.length > 0) {
      const call = (each: Callable, label: (input: Argument) => string) =>
        `${schema}.${callable.fn.name}(${each.inputs.map((input) => `${input.name} => ${label(input)}`).join(', ')})`;
      const forms =
        callable.inputs.length === 0
          ? [
              `${schema}.${callable.fn.name}()`,
              call(rivals[0] as Callable, () => typeName((rivals[0] as Callable).fn.return_type_id)),
            ]
          : [callable, ...rivals]
              .sort((a, b) => (a.inputs[0]?.type_id ?? 0) - (b.inputs[0]?.type_id ?? 0))
              .map((each) => call(each, ({ type_id }) => typeName(type_id)));
      return `Could not choose the best candidate function between: ${forms.join(', ')}. Try renaming the parameters or the function itself in the database so function overloading can be resolved`;
    }
    if (isComputedField(callable))
      return `the function ${schema}.${callable.fn.name} with parameter or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache`;
    return undefined;
  }

  return {
    returned,
    callable: (schema) =>
      project.functions
        .filter((fn) => fn.schema === schema)
        .map((fn) => ({ fn, inputs: fn.args.filter(({ mode }) => inputModes.includes(mode)).sort(byName) }))
        .filter(({ inputs }) => isCallable(inputs))
        .sort((a, b) => byName(a.fn, b.fn)),
    entry(schema, overloads) {
      const sorted = [...overloads].sort(
        (a, b) =>
          a.fn.argument_types.localeCompare(b.fn.argument_types) || a.fn.return_type.localeCompare(b.fn.return_type),
      );
      return sorted.map((callable) => signature(schema, callable, sorted)).join(' |\n');
    },
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => a.name.localeCompare(b.name);

const givesMany = ({ prorows }: FunctionObject): boolean => prorows !== null && prorows > 1;

/** Overloads that a call could mean as well: none or one input, told apart by its type alone or by a default. */
function rivalsOf({ fn, inputs }: Callable, overloads: readonly Callable[]): readonly Callable[] {
  const rest = overloads.filter((other) => other.fn !== fn && other.inputs.length === 1);
  const [only] = inputs;
  if (!only) return rest.filter((other) => other.inputs[0]?.name === '' && other.inputs[0].has_default);
  if (inputs.length > 1 || only.name === '') return [];
  return rest.filter((other) => other.inputs[0]?.name === only.name && other.inputs[0].type_id !== only.type_id);
}
