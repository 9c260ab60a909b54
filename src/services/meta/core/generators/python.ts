import type { Project, TypeObject } from './objects.ts';
import { ownTypes, pascalCase, type Shape, shapesOf, snakeCase } from './shapes.ts';

const pythonTypes: Readonly<Record<string, string>> = {
  bool: 'bool',
  int2: 'int',
  int4: 'int',
  int8: 'int',
  float4: 'float',
  float8: 'float',
  numeric: 'float',
  bytea: 'bytes',
  bpchar: 'str',
  varchar: 'str',
  text: 'str',
  citext: 'str',
  interval: 'str',
  uuid: 'uuid.UUID',
  date: 'datetime.date',
  time: 'datetime.time',
  timetz: 'datetime.time',
  timestamp: 'datetime.datetime',
  timestamptz: 'datetime.datetime',
  json: 'Json[Any]',
  jsonb: 'Json[Any]',
};

const keywords: readonly string[] = [
  ...['and', 'as', 'assert', 'async', 'await', 'break', 'class', 'continue', 'def', 'del', 'elif', 'else', 'except'],
  ...['finally', 'for', 'from', 'global', 'if', 'import', 'in', 'is', 'lambda', 'nonlocal', 'not', 'or', 'pass'],
  ...['raise', 'return', 'try', 'while', 'with', 'yield'],
];

const imports = `from __future__ import annotations

import datetime
import uuid
from typing import (
    Annotated,
    Any,
    List,
    Literal,
    NotRequired,
    Optional,
    TypeAlias,
    TypedDict,
)

from pydantic import BaseModel, Field, Json`;

/** Pydantic models of what is read, typed dictionaries of what is written. */
export function writePython(project: Project): string {
  const { enums, composites } = ownTypes(project);
  const names = new Map(project.types.map(({ id, name }) => [id, name]));
  const own = [...enums, ...composites];

  function pythonType(format: string, schema: string): string {
    const known = Object.hasOwn(pythonTypes, format) ? pythonTypes[format] : undefined;
    if (known) return known;
    if (format.startsWith('_')) return `List[${pythonType(format.slice(1), schema)}]`;
    const type =
      own.find((each) => each.name === format && each.schema === schema) ?? own.find((each) => each.name === format);
    return type ? className(type) : 'Any';
  }

  function relationClass({ relation, form, fields }: Shape): string {
    const name = className(relation);
    if (form === 'Select')
      return definition(
        `${name}(BaseModel)`,
        fields.map(({ column, isOptional }) => {
          const type = pythonType(column.format, relation.schema);
          return modelField(column.name, isOptional ? `Optional[${type}]` : type);
        }),
      );
    return definition(
      `${name}${form}(TypedDict)`,
      fields.map(({ column, isOptional }) => {
        const type = `Annotated[${pythonType(column.format, relation.schema)}, ${alias(column.name)}]`;
        return `${fieldName(column.name)}: ${isOptional ? `NotRequired[${type}]` : type}`;
      }),
    );
  }

  const literal = (type: TypeObject): string =>
    `${className(type)}: TypeAlias = Literal[${type.enums.map((label) => JSON.stringify(label)).join(', ')}]`;
  const compositeClass = (type: TypeObject): string =>
    definition(
      `${className(type)}(BaseModel)`,
      type.attributes.map(({ name, type_id }) => modelField(name, pythonType(names.get(type_id) ?? '', type.schema))),
    );
  return `${[
    imports,
    ...enums.map(literal),
    ...shapesOf(project).map(relationClass),
    ...composites.map(compositeClass),
  ].join('\n\n')}\n`;
}

const className = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${pascalCase(schema)}${pascalCase(name)}`;

function fieldName(name: string): string {
  const snake = snakeCase(name);
  return keywords.includes(snake) ? `${snake}_` : snake;
}

const alias = (name: string): string => `Field(alias=${JSON.stringify(name)})`;

const modelField = (name: string, type: string): string => `${fieldName(name)}: ${type} = ${alias(name)}`;

const definition = (head: string, fields: readonly string[]): string =>
  `class ${head}:\n${(fields.length === 0 ? ['pass'] : fields).map((field) => `    ${field}`).join('\n')}`;
