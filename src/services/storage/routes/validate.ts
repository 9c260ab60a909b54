import { readBody } from '#kernel/http';
import { storageError } from '../errors.ts';
import { type Exchange, headerOf } from './exchange.ts';

/** What a value has to be; the part of JSON Schema that the interface needs. */
export interface Shape {
  readonly type: 'string' | 'integer' | 'boolean' | 'array' | 'object' | 'any';
  readonly nullable?: true;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly items?: Shape;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
}

/** An object of a shape. */
export interface ObjectShape extends Shape {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Shape>>;
}

/**
 * Holds a value against a shape; the texts of failures are those of the usual validator. Numbers and booleans may come as
 * text.
 *
 * @param at where the value stands, e.g. `body`
 * @throws ValidationFailed
 */
export function validate(value: unknown, shape: Shape, at: string): unknown {
  const refuse = (text: string): never => {
    throw storageError('ValidationFailed', { message: `${at} ${text}` });
  };
  if (value === null && shape.nullable) return null;
  switch (shape.type) {
    case 'any':
      return value;
    case 'string': {
      const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
      if (typeof text !== 'string') return refuse(shape.nullable ? 'must be string,null' : 'must be string');
      if (shape.enum && !shape.enum.includes(text)) refuse('must be equal to one of the allowed values');
      return text;
    }
    case 'integer': {
      const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) return refuse('must be integer');
      if (shape.minimum !== undefined && number < shape.minimum) refuse(`must be >= ${shape.minimum}`);
      if (shape.maximum !== undefined && number > shape.maximum) refuse(`must be <= ${shape.maximum}`);
      return number;
    }
    case 'boolean': {
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      return refuse('must be boolean');
    }
    case 'array': {
      if (!Array.isArray(value)) return refuse(shape.nullable ? 'must be array,null' : 'must be array');
      if (shape.minItems !== undefined && value.length < shape.minItems)
        refuse(`must NOT have fewer than ${shape.minItems} items`);
      if (shape.maxItems !== undefined && value.length > shape.maxItems)
        refuse(`must NOT have more than ${shape.maxItems} items`);
      const { items } = shape;
      return items ? value.map((item, index) => validate(item, items, `${at}/${index}`)) : value;
    }
    case 'object':
      return validateObject(value, shape, at, refuse);
  }
}

function validateObject(value: unknown, shape: Shape, at: string, refuse: (text: string) => never): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('must be object');
  const given = value as Record<string, unknown>;
  for (const name of shape.required ?? [])
    if (given[name] === undefined) refuse(`must have required property '${name}'`);
  const out: Record<string, unknown> = { ...given };
  for (const [name, property] of Object.entries(shape.properties ?? {}))
    if (given[name] !== undefined) out[name] = validate(given[name], property, `${at}/${name}`);
  return out;
}

/** Reads and checks a JSON body. @throws ValidationFailed, InvalidMimeType, EntityTooLarge */
export async function readJson<T>({ request, context }: Exchange, shape: ObjectShape): Promise<T> {
  const type = headerOf(request, 'content-type');
  const bytes = await readBody(request, context.settings.bodyLimit).catch((error: unknown) => {
    const tooLarge = (error as { reason?: string }).reason === 'too-large';
    throw storageError(tooLarge ? 'EntityTooLarge' : 'Aborted', { cause: error });
  });
  if (bytes.length > 0 && type !== undefined && !/^(application\/([\w.+-]*\+)?json|text\/plain)\b/i.test(type))
    throw storageError('InvalidMimeType', { message: `Unsupported Media Type: ${type}` });
  let value: unknown = {};
  if (bytes.length > 0)
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw storageError('ValidationFailed', {
        message: "Body is not valid JSON but content-type is set to 'application/json'",
        cause: error,
      });
    }
  return validate(value, shape, 'body') as T;
}

/** Checks the query. @throws ValidationFailed */
export function readQuery<T>({ query }: Pick<Exchange, 'query'>, shape: ObjectShape): T {
  return validate(Object.fromEntries(query), shape, 'querystring') as T;
}
