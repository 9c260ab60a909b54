import type { Project, TypeObject } from './objects.ts';
import { ownTypes, pascalCase, shapesOf } from './shapes.ts';

const goTypes: Readonly<Record<string, string>> = {
  bool: 'bool',
  int2: 'int16',
  int4: 'int32',
  int8: 'int64',
  float4: 'float32',
  float8: 'float64',
  numeric: 'float64',
  bytea: '[]byte',
  ...Object.fromEntries(
    ['bpchar', 'varchar', 'text', 'citext', 'uuid', 'date', 'time', 'timetz', 'timestamp', 'timestamptz'].map(
      (name) => [name, 'string'],
    ),
  ),
};

/** Structs for encoding/json: one for each way a relation is read or written, and for each composite type. */
export function writeGo(project: Project): string {
  const { enums, composites } = ownTypes(project);
  const labelled = new Set(enums.map(({ name }) => name));
  const structured = new Set(composites.map(({ name }) => name));
  const names = new Map(project.types.map(({ id, name }) => [id, name]));

  function goType(format: string): string {
    const known = Object.hasOwn(goTypes, format) ? goTypes[format] : undefined;
    if (known) return known;
    if (format.startsWith('_')) return `[]${goType(format.slice(1))}`;
    if (labelled.has(format)) return 'string';
    return structured.has(format) ? 'map[string]interface{}' : 'interface{}';
  }
  // These can be nil themselves.
  const orNil = (type: string): string => (/^(\[\]|map|interface)/.test(type) ? type : `*${type}`);

  const structs = shapesOf(project).map(({ relation, form, fields }) =>
    struct(
      `${pascalCase(relation.schema)}${pascalCase(relation.name)}${form}`,
      fields.map(({ column, isOptional }) => {
        const type = goType(column.format);
        return { name: column.name, type: isOptional ? orNil(type) : type };
      }),
    ),
  );
  const composite = ({ schema, name, attributes }: TypeObject): string =>
    struct(
      `${pascalCase(schema)}${pascalCase(name)}`,
      attributes.map((attribute) => ({ name: attribute.name, type: goType(names.get(attribute.type_id) ?? '') })),
    );
  return `${['package database', ...structs, ...composites.map(composite)].join('\n\n')}\n`;
}

/** Laid out as gofmt does: names, types and tags stand below each other. */
function struct(name: string, fields: readonly { readonly name: string; readonly type: string }[]): string {
  const rows = fields.map(
    (field) => [pascalCase(field.name), field.type, `\`json:${JSON.stringify(field.name)}\``] as const,
  );
  const width = (column: 0 | 1): number => Math.max(0, ...rows.map((row) => row[column].length));
  const lines = rows.map(([field, type, tag]) => `  ${field.padEnd(width(0))} ${type.padEnd(width(1))} ${tag}`);
  return `type ${name} struct {\n${lines.map((line) => `${line}\n`).join('')}}`;
}
