import type { Project, TypeObject } from './objects.ts';

const numbers: readonly string[] = ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric'];
const strings: readonly string[] = [
  ...['bytea', 'bpchar', 'varchar', 'text', 'citext', 'uuid', 'vector'],
  ...['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'],
];
const others: Readonly<Record<string, string>> = {
  bool: 'boolean',
  json: 'Json',
  jsonb: 'Json',
  void: 'undefined',
  record: 'Record<string, unknown>',
};

/** Turns a type's name into TypeScript, from within a schema. */
export type TypeScriptOf = (name: string, schema: string) => string;

/** The mapping of a project. Of several types of a name, the one of the schema at hand counts, else the first. */
export function typeScriptTypes(project: Project): TypeScriptOf {
  const written = new Set(project.schemas.map(({ name }) => name));
  const enums = groupByName(project.types.filter((type) => type.enums.length > 0));
  const composites = groupByName(project.types.filter((type) => type.attributes.length > 0));
  const tables = groupByName(project.tables);
  const views = groupByName(project.views);

  function reference(kind: string, found: { readonly schema: string; readonly name: string }, suffix = ''): string {
    return written.has(found.schema)
      ? `Database[${JSON.stringify(found.schema)}]["${kind}"][${JSON.stringify(found.name)}]${suffix}`
      : 'unknown';
  }

  return function typeScriptOf(name: string, schema: string): string {
    if (numbers.includes(name)) return 'number';
    if (strings.includes(name)) return 'string';
    const other = Object.hasOwn(others, name) ? others[name] : undefined;
    if (other) return other;
    if (name.startsWith('_')) return `(${typeScriptOf(name.slice(1), schema)})[]`;
    const enumeration = nearest(enums, name, schema);
    if (enumeration) return written.has(enumeration.schema) ? reference('Enums', enumeration) : labels(enumeration);
    const composite = nearest(composites, name, schema);
    if (composite) return reference('CompositeTypes', composite);
    const table = nearest(tables, name, schema);
    if (table) return reference('Tables', table, '["Row"]');
    const view = nearest(views, name, schema);
    return view ? reference('Views', view, '["Row"]') : 'unknown';
  };
}

/** An enum's labels as a union. */
export const labels = ({ enums }: TypeObject): string => enums.map((label) => JSON.stringify(label)).join(' | ');

function groupByName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const grouped = new Map<string, T[]>();
  for (const item of list) {
    const known = grouped.get(item.name);
    if (known) known.push(item);
    else grouped.set(item.name, [item]);
  }
  return grouped;
}

function nearest<T extends { readonly schema: string }>(
  grouped: ReadonlyMap<string, readonly T[]>,
  name: string,
  schema: string,
): T | undefined {
  const found = grouped.get(name);
  return found?.find((item) => item.schema === schema) ?? found?.[0];
}
