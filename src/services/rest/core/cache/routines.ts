import type { Catalog, ParameterJson, RoutineRow } from '../../sql/catalog-rows.ts';
import type { BySchema, MediaDomain, Parameter, RoleSettings, Routine } from './model.ts';
import { forEach, type Work } from './work.ts';

/** Types an unnamed parameter may have: such a function takes the whole body. */
const bodyTypes: ReadonlySet<string> = new Set(['json', 'jsonb', 'text', 'xml', 'bytea']);
const volatilities = { i: 'immutable', s: 'stable', v: 'volatile' } as const;
const isolationSetting = 'default_transaction_isolation';

/**
 * The functions that can be called by name.
 *
 * @param hoisted names of settings that hold for the whole transaction when a function sets them
 */
export function* callableRoutines(
  { schemas, routines }: Catalog,
  hoisted: readonly string[],
): Work<BySchema<readonly Routine[]>> {
  const bySchema = new Map<string, Map<string, Routine[]>>(schemas.map((name) => [name, new Map()]));
  yield* forEach(routines, (row) => {
    if (!isCallable(row.parameters)) return;
    const byName = bySchema.get(row.schema);
    const overloads = byName?.get(row.name);
    const routine = routineFrom(row, hoisted);
    if (overloads) overloads.push(routine);
    else byName?.set(row.name, [routine]);
  });
  return bySchema;
}

function isCallable(parameters: readonly ParameterJson[]): boolean {
  if (parameters.every(({ name }) => name !== '')) return true;
  return parameters.length === 1 && bodyTypes.has((parameters[0] as ParameterJson).type);
}

function routineFrom(row: RoutineRow, hoisted: readonly string[]): Routine {
  const settings = pairs(row.settings ?? []);
  return {
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    comment: row.comment ?? undefined,
    parameters: row.parameters.map(parameterFrom),
    returns: {
      schema: row.return_schema,
      name: row.return_name,
      isSet: row.returns_set,
      isComposite: row.returns_composite,
      isVoid: row.returns_void,
    },
    media: row.media_type === null ? undefined : mediaDomain(row.media_type, row.media_base),
    volatility: volatilities[row.volatility],
    isVariadic: row.variadic,
    isolation: settings.find(([name]) => name === isolationSetting)?.[1],
    hoisted: settings.filter(([name]) => name !== isolationSetting && hoisted.includes(name)),
  };
}

/** A media type by its domain's name and the type at the bottom of it. */
export function mediaDomain(mediaType: string, base: string | null): MediaDomain {
  return { mediaType, isBinary: base === 'bytea', isJsonb: base === 'jsonb' };
}

function parameterFrom({ name, type, required, variadic }: ParameterJson): Parameter {
  const unboundedType = type.replace(/^(character|bit)(?=$|\[)/, '$1 varying');
  return { name, type, unboundedType, required, variadic };
}

function pairs(lines: readonly string[]): [name: string, value: string][] {
  return lines.map((line) => {
    const equals = line.indexOf('=');
    return [line.slice(0, equals), line.slice(equals + 1)];
  });
}

/** Settings of roles, the isolation level apart: it belongs to the beginning of a transaction. */
export function settingsOfRoles({ roleSettings }: Pick<Catalog, 'roleSettings'>): ReadonlyMap<string, RoleSettings> {
  const found = new Map<string, RoleSettings>();
  for (const { role, name, value } of roleSettings) {
    const known = found.get(role) ?? { isolation: undefined, settings: [] };
    found.set(
      role,
      name === isolationSetting
        ? { ...known, isolation: value }
        : { ...known, settings: [...known.settings, [name, value] as const] },
    );
  }
  return found;
}
