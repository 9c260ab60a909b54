import type { Json } from './types.ts';

// Written for the 2.0 documents of this folder, not for any: every shape that they have is known.

const jsonContent = 'application/json';

/**
 * The same description as OpenAPI 3.0.3, for tools that no longer read 2.0. Columns that may be null say so, which 2.0
 * cannot.
 */
export function asOpenapi3(document: Json): Json {
  const { info, externalDocs, security } = document;
  const parameters = objects(document.parameters);
  const bodies = parameters.filter(([, one]) => one.in === 'body');
  const others = parameters.filter(([, one]) => one.in !== 'body');
  const schemes = document.securityDefinitions;
  return {
    openapi: '3.0.3',
    info,
    servers: [{ url: serverUrl(document) }],
    paths: mapped(objects(document.paths), encodePath, pathItem),
    components: {
      schemas: mapped(objects(document.definitions), componentKey, definition),
      parameters: mapped(others, componentKey, parameter),
      requestBodies: mapped(bodies, bodyKey, requestBody),
      ...(schemes !== undefined && { securitySchemes: schemes }),
    },
    ...(security !== undefined && { security }),
    externalDocs,
  };
}

type Entry = readonly [key: string, value: Json];

const objects = (value: unknown): Entry[] => Object.entries((value ?? {}) as Record<string, Json>);

const mapped = (entries: readonly Entry[], key: (key: string) => string, value: (value: Json) => Json): Json =>
  Object.fromEntries(entries.map(([name, one]) => [key(name), value(one)]));

function serverUrl({ schemes, host, basePath }: Json): string {
  const path = basePath === '/' ? '' : String(basePath);
  return `${(schemes as readonly string[])[0]}://${String(host)}${path}`;
}

/** Keys of components hold letters, digits, `.`, `-` and `_` (OpenAPI 3.0.3, "Components Object"). */
const componentKey = (name: string): string =>
  name.replace(/[^\w.-]/gu, (char) => `_${(char.codePointAt(0) as number).toString(16)}`);

const bodyKey = (name: string): string => componentKey(name.replace(/^body\./, ''));

const encodePath = (path: string): string => encodeURI(path).replace(/[{}]/g, encodeURIComponent);

function pathItem(item: Json): Json {
  return mapped(objects(item), (method) => method, operation);
}

function operation(given: Json): Json {
  const { parameters = [], responses, produces, consumes: _, ...rest } = given;
  const list = parameters as readonly Json[];
  const body = list.find((one) => isBody(one));
  const others = list.filter((one) => !isBody(one));
  const types = (produces as readonly string[] | undefined) ?? [jsonContent];
  return {
    ...rest,
    ...(others.length > 0 && { parameters: others.map(parameter) }),
    ...(body !== undefined && { requestBody: requestBody(body) }),
    responses: mapped(
      objects(responses),
      (status) => status,
      (response) => responseOf(response, types),
    ),
  };
}

const bodyReference = '#/parameters/body.';

const isBody = (one: Json): boolean => one.in === 'body' || String(one.$ref ?? '').startsWith(bodyReference);

function responseOf({ description, schema }: Json, types: readonly string[]): Json {
  if (schema === undefined) return { description };
  const content = Object.fromEntries(types.map((type) => [type, { schema: schemaOf(schema as Json) }]));
  return { description, content };
}

function parameter(given: Json): Json {
  const { $ref, name, description, required, in: place, collectionFormat, ...schema } = given;
  if ($ref !== undefined) return { $ref: `#/components/parameters/${componentKey(lastPart($ref, '#/parameters/'))}` };
  return {
    name,
    in: place,
    ...(description !== undefined && { description }),
    required,
    ...(collectionFormat === 'multi' && { style: 'form', explode: true }),
    schema: schemaOf(schema),
  };
}

function requestBody(given: Json): Json {
  const { $ref, description, required, schema } = given;
  if ($ref !== undefined) return { $ref: `#/components/requestBodies/${componentKey(lastPart($ref, bodyReference))}` };
  return {
    ...(description !== undefined && { description }),
    required,
    content: { [jsonContent]: { schema: schemaOf(schema as Json) } },
  };
}

/** A row: what is not required may be null. */
function definition(given: Json): Json {
  const required = new Set((given.required as readonly string[] | undefined) ?? []);
  const properties = Object.fromEntries(
    objects(given.properties).map(([name, property]) => {
      const isNullable = !required.has(name) && property.type !== undefined;
      return [name, isNullable ? { ...property, nullable: true, ...nullInEnum(property) } : property];
    }),
  );
  return { ...given, properties };
}

// A value has to be in the list even where it may be null (OpenAPI 3.0.3 proposal, "Clarify nullable").
const nullInEnum = ({ enum: labels }: Json): Json =>
  labels === undefined ? {} : { enum: [...(labels as readonly string[]), null] };

function schemaOf(given: Json): Json {
  const { $ref, items } = given;
  if ($ref !== undefined) return { $ref: `#/components/schemas/${componentKey(lastPart($ref, '#/definitions/'))}` };
  return items === undefined ? given : { ...given, items: schemaOf(items as Json) };
}

const lastPart = (reference: unknown, before: string): string => String(reference).slice(before.length);
