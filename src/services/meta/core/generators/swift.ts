import type { Project, TypeObject } from './objects.ts';
import { camelCase, ownTypes, pascalCase, shapesOf } from './shapes.ts';

/** Who may use the generated types. */
export type SwiftAccess = 'internal' | 'public' | 'private' | 'package';

const swiftTypes: Readonly<Record<string, string>> = {
  bool: 'Bool',
  int2: 'Int16',
  int4: 'Int32',
  int8: 'Int64',
  float4: 'Float',
  float8: 'Double',
  numeric: 'Decimal',
  json: 'AnyJSON',
  jsonb: 'AnyJSON',
  uuid: 'UUID',
  ...Object.fromEntries(
    [
      'bpchar',
      'varchar',
      'text',
      'citext',
      'bytea',
      'date',
      'time',
      'timetz',
      'timestamp',
      'timestamptz',
      'vector',
    ].map((name) => [name, 'String']),
  ),
};

const keywords: readonly string[] = [
  ...['associatedtype', 'class', 'deinit', 'enum', 'extension', 'fileprivate', 'func', 'import', 'init', 'inout'],
  ...['internal', 'let', 'open', 'operator', 'private', 'protocol', 'public', 'rethrows', 'static', 'struct'],
  ...['subscript', 'typealias', 'var', 'break', 'case', 'continue', 'default', 'defer', 'do', 'else', 'fallthrough'],
  ...['for', 'guard', 'if', 'in', 'repeat', 'return', 'switch', 'where', 'while', 'as', 'catch', 'false', 'is', 'nil'],
  ...['super', 'self', 'throw', 'throws', 'true', 'try'],
];

/** Structs and enums for supabase-swift, one namespace a schema. */
export function writeSwift(project: Project, access: SwiftAccess): string {
  const { enums, composites } = ownTypes(project);
  const names = new Map(project.types.map(({ id, name }) => [id, name]));
  const nearest = (list: readonly TypeObject[], name: string, schema: string): TypeObject | undefined =>
    list.find((type) => type.name === name && type.schema === schema) ?? list.find((type) => type.name === name);
  const within = (type: TypeObject, schema: string): string =>
    type.schema === schema ? pascalCase(type.name) : `${namespace(type.schema)}.${pascalCase(type.name)}`;

  function swiftType(format: string, schema: string): string {
    const known = Object.hasOwn(swiftTypes, format) ? swiftTypes[format] : undefined;
    if (known) return known;
    if (format.startsWith('_')) return `[${swiftType(format.slice(1), schema)}]`;
    const own = nearest(enums, format, schema) ?? nearest(composites, format, schema);
    return own ? within(own, schema) : 'AnyJSON';
  }

  const struct = (name: string, fields: readonly (readonly [string, string])[], more = ''): string[] => [
    `${access} struct ${name}: Codable, Hashable, Sendable${more} {`,
    ...fields.map(([field, type]) => `  ${access} let ${identifier(camelCase(field))}: ${type}`),
    ...(fields.length === 0
      ? []
      : [
          `  ${access} enum CodingKeys: String, CodingKey {`,
          ...fields.map(([field]) => `    case ${identifier(camelCase(field))} = ${JSON.stringify(field)}`),
          '  }',
        ]),
    '}',
  ];

  const schemas = project.schemas.map(({ name: schema }) => {
    const relations = shapesOf(project)
      .filter(({ relation }) => relation.schema === schema)
      .sort((a, b) => a.relation.name.localeCompare(b.relation.name))
      .flatMap(({ relation, form, fields }) => {
        const typed = fields.map(({ column, isOptional }) => {
          const type = swiftType(column.format, schema);
          return [column.name, isOptional ? `${type}?` : type] as const;
        });
        const hasIdentity = fields.some(({ column }) => column.name === 'id' && column.is_identity);
        return struct(`${pascalCase(relation.name)}${form}`, typed, hasIdentity ? ', Identifiable' : '');
      });
    const lines = [
      ...enums.filter((type) => type.schema === schema).flatMap((type) => enumeration(type, access)),
      ...relations,
      ...composites
        .filter((type) => type.schema === schema)
        .flatMap((type) =>
          struct(
            pascalCase(type.name),
            type.attributes.map(({ name, type_id }) => [name, swiftType(names.get(type_id) ?? '', schema)] as const),
          ),
        ),
    ];
    return [`${access} enum ${namespace(schema)} {`, ...lines.map((line) => `  ${line}`), '}'].join('\n');
  });
  return `import Foundation\nimport Supabase\n\n${schemas.join('\n')}\n`;
}

const namespace = (schema: string): string => `${pascalCase(schema)}Schema`;

const identifier = (name: string): string => (keywords.includes(name) ? `\`${name}\`` : name);

function enumeration({ name, enums }: TypeObject, access: SwiftAccess): string[] {
  return [
    `${access} enum ${pascalCase(name)}: String, Codable, Hashable, Sendable {`,
    ...enums.map((label) => `  case ${identifier(camelCase(label))} = ${JSON.stringify(label)}`),
    '}',
  ];
}
