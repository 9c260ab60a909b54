import { readBody } from '#kernel/http';
import { storageError } from '../errors.ts';
import { type Exchange, headerOf } from './exchange.ts';

/** What a value has to be; the part of JSON Schema that the interface needs. */
export interface Shape {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'any';
  readonly nullable?: true;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: true;
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
 * Holds a value against a shape; the texts of failures are those of the usual validator.
 *
 * @param at where the value stands, e.g. `body`
 * @param coerces numbers and booleans may come as text, and text as either
 * @throws ValidationFailed
 */
export function validate(value: unknown, shape: Shape, at: string, coerces = true): unknown {
  const refuse = (text: string): never => {
    throw storageError('ValidationFailed', { message: `${at} ${text}` });
  };
  if (value === null && shape.nullable) return null;
  switch (shape.type) {
    case 'any':
      return value;
    case 'string': {
      const text = coerces && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : value;
      if (typeof text !== 'string') return refuse(shape.nullable ? 'must be string,null' : 'must be string');
      const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = shape;
      if (text.length < minLength) refuse(`must NOT have fewer than ${minLength} characters`);
      if (text.length > maxLength) refuse(`must NOT have more than ${maxLength} characters`);
      if (pattern !== undefined && !new RegExp(pattern, 'u').test(text)) refuse(`must match pattern "${pattern}"`);
      if (shape.enum && !shape.enum.includes(text)) refuse('must be equal to one of the allowed values');
      return text;
    }
    case 'number': {
      const number = coerces && typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      return typeof number === 'number' && Number.isFinite(number) ? number : refuse('must be number');
    }
    case 'integer': {
      const number = coerces && typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) return refuse('must be integer');
      if (shape.minimum !== undefined && number < shape.minimum) refuse(`must be >= ${shape.minimum}`);
      if (shape.maximum !== undefined && number > shape.maximum) refuse(`must be <= ${shape.maximum}`);
      return number;
    }
    case 'boolean': {
      if (value === true || (coerces && value === 'true')) return true;
      if (value === false || (coerces && value === 'false')) return false;
      return refuse('must be boolean');
    }
    case 'array': {
      if (!Array.isArray(value)) return refuse(shape.nullable ? 'must be array,null' : 'must be array');
      if (shape.minItems !== undefined && value.length < shape.minItems)
        refuse(`must NOT have fewer than ${shape.minItems} items`);
      if (shape.maxItems !== undefined && value.length > shape.maxItems)
        refuse(`must NOT have more than ${shape.maxItems} items`);
      if (shape.uniqueItems && new Set(value).size < value.length) refuse('must NOT have duplicate items');
      const { items } = shape;
      return items ? value.map((item, index) => validate(item, items, `${at}/${index}`, coerces)) : value;
    }
    case 'object':
      return validateObject(value, shape, at, coerces, refuse);
  }
}

function validateObject(
  value: unknown,
  shape: Shape,
  at: string,
  coerces: boolean,
  refuse: (text: string) => never,
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('must be object');
  const given = value as Record<string, unknown>;
  for (const name of shape.required ?? [])
    if (given[name] === undefined) refuse(`must have required property '${name}'`);
  const out: Record<string, unknown> = { ...given };
  for (const [name, property] of Object.entries(shape.properties ?? {}))
    if (given[name] !== undefined) out[name] = validate(given[name], property, `${at}/${name}`, coerces);
  return out;
}

/** Reads a whole body into memory. @throws EntityTooLarge */
export async function readWhole({ request }: Pick<Exchange, 'request'>, limit: number): Promise<Buffer> {
  return readBody(request, limit).catch((error: unknown) => {
    const tooLarge = (error as { reason?: string }).reason === 'too-large';
    throw storageError(tooLarge ? 'EntityTooLarge' : 'Aborted', { cause: error });
  });
}

/** Reads and checks a JSON body. @throws ValidationFailed, InvalidMimeType, EntityTooLarge */
export async function readJson<T>(exchange: Exchange, shape: ObjectShape): Promise<T> {
  const bytes = await readWhole(exchange, exchange.context.settings.bodyLimit);
  return validate(parseJson(exchange, bytes), shape, 'body') as T;
}

/** A JSON body that was read already; nothing is an empty object. @throws ValidationFailed, InvalidMimeType */
export function parseJson({ request }: Pick<Exchange, 'request'>, bytes: Buffer): unknown {
  const type = headerOf(request, 'content-type');
  if (bytes.length > 0 && type !== undefined && !/^(application\/([\w.+-]*\+)?json|text\/plain)\b/i.test(type))
    throw storageError('InvalidMimeType', { message: `Unsupported Media Type: ${type}` });
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw storageError('ValidationFailed', {
      message: "Body is not valid JSON but content-type is set to 'application/json'",
      cause: error,
    });
  }
}

/** Checks the query. @throws ValidationFailed */
export function readQuery<T>({ query }: Pick<Exchange, 'query'>, shape: ObjectShape): T {
  return validate(Object.fromEntries(query), shape, 'querystring') as T;
}
