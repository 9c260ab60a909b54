import {
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** A type as its description shows it. */
export interface TypeDoc {
  readonly name: string;
  readonly kind: 'object' | 'interface' | 'union' | 'enum' | 'input' | 'scalar';
  readonly about: string;
  readonly fields: readonly FieldDoc[];
  /** Of an enum its values, of a union its types. */
  readonly members: readonly { readonly name: string; readonly about: string; readonly isType: boolean }[];
}

/** A field of a type. */
export interface FieldDoc {
  readonly name: string;
  /** As GraphQL writes it, e.g. `[Book!]!`. */
  readonly type: string;
  /** The type to go on to. */
  readonly leadsTo: string;
  readonly about: string;
  /** With their types and what they are without a value. */
  readonly args: readonly string[];
  readonly deprecated: string | undefined;
}

/** Names of all types but GraphQL's own: first where questions begin, then by name. @param search part of a name or of a field's */
export function typeNames(schema: GraphQLSchema, search = ''): readonly string[] {
  const wanted = search.trim().toLowerCase();
  const roots = rootNames(schema);
  const names = Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .filter(
      (type) =>
        type.name.toLowerCase().includes(wanted) ||
        ('getFields' in type && Object.keys(type.getFields()).some((field) => field.toLowerCase().includes(wanted))),
    )
    .map(({ name }) => name);
  return names.sort((a, b) => Number(roots.includes(b)) - Number(roots.includes(a)) || a.localeCompare(b));
}

const rootNames = (schema: GraphQLSchema): readonly string[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) => type?.name ?? []);

/** A type of the schema by name. */
export function docOf(schema: GraphQLSchema, name: string): TypeDoc | undefined {
  const type = schema.getType(name);
  if (!type) return undefined;
  const hasFields = isObjectType(type) || isInterfaceType(type) || isInputObjectType(type);
  return {
    name,
    kind: kindOf(type),
    about: type.description ?? '',
    fields: hasFields ? Object.values<Field>(type.getFields()).map(fieldOf) : [],
    members: isEnumType(type)
      ? type.getValues().map((value) => ({ name: value.name, about: value.description ?? '', isType: false }))
      : isUnionType(type)
        ? type.getTypes().map((each) => ({ name: each.name, about: each.description ?? '', isType: true }))
        : [],
  };
}

type Field = GraphQLField<unknown, unknown> | GraphQLInputField;

const fieldOf = (field: Field): FieldDoc => ({
  name: field.name,
  type: String(field.type),
  leadsTo: getNamedType(field.type).name,
  about: field.description ?? '',
  args:
    'args' in field
      ? field.args.map(
          ({ name, type, defaultValue }) =>
            `${name}: ${String(type)}${defaultValue === undefined ? '' : ` = ${JSON.stringify(defaultValue)}`}`,
        )
      : [],
  deprecated: field.deprecationReason ?? undefined,
});

function kindOf(type: GraphQLNamedType): TypeDoc['kind'] {
  if (isObjectType(type)) return 'object';
  if (isInterfaceType(type)) return 'interface';
  if (isUnionType(type)) return 'union';
  if (isEnumType(type)) return 'enum';
  return isInputObjectType(type) ? 'input' : 'scalar';
}
