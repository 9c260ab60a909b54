import { authError, invalid } from '../errors.ts';
import type { Metadata } from '../sql/rows.ts';

/** A JSON body whose fields are read by type; unknown ones are ignored, null counts as absent. */
export interface BodyFields {
  /** Text; empty when absent. */
  text(name: string): string;
  /** Text; undefined when absent, which is not the same as empty. */
  optionalText(name: string): string | undefined;
  /** True or false; `standard` when absent. */
  flag(name: string, standard?: boolean): boolean;
  /** True or false; undefined when absent. */
  optionalFlag(name: string): boolean | undefined;
  /** An object; undefined when absent. */
  object(name: string): Metadata | undefined;
  /** A list of texts; undefined when absent. */
  texts(name: string): readonly string[] | undefined;
}

/**
 * Reads a request's body as a JSON object. An empty body is an empty object.
 *
 * @throws bad_json; validation_failed for texts that PostgreSQL cannot hold
 */
export function readFields(body: Buffer | undefined): BodyFields {
  const values = parse(body);
  function typed<T>(name: string, wanted: string, isRight: (value: unknown) => boolean): T | undefined {
    const value = values[name];
    if (value === undefined || value === null) return undefined;
    if (!isRight(value)) throw badJson(`cannot unmarshal ${kindOf(value)} into field ${name} of type ${wanted}`);
    return value as T;
  }
  const optionalText = (name: string): string | undefined =>
    typed<string>(name, 'string', (value) => typeof value === 'string');
  const optionalFlag = (name: string): boolean | undefined =>
    typed<boolean>(name, 'bool', (value) => typeof value === 'boolean');
  return {
    optionalText,
    text: (name) => optionalText(name) ?? '',
    optionalFlag,
    flag: (name, standard = false) => optionalFlag(name) ?? standard,
    texts: (name) =>
      typed<readonly string[]>(
        name,
        'list of strings',
        (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
      ),
    object: (name) => typed<Metadata>(name, 'object', (value) => typeof value === 'object' && !Array.isArray(value)),
  };
}

/**
 * Reads a body that is a form, or a JSON object whose texts stand for its fields; which one it is shows in its first
 * character.
 *
 * @throws bad_json; validation_failed for texts that PostgreSQL cannot hold
 */
export function readForm(body: Buffer | undefined): URLSearchParams {
  const text = body?.toString('utf8') ?? '';
  if (text.trimStart().startsWith('{')) {
    const texts = Object.entries(parse(body)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return new URLSearchParams(texts);
  }
  const form = new URLSearchParams(text);
  if (form.toString().includes('%00')) throw invalid('The request contains a NUL character');
  return form;
}

const badJson = (reason: string): Error =>
  authError('bad_json', { message: `Could not parse request body as JSON: ${reason}` });

function parse(body: Buffer | undefined): Readonly<Record<string, unknown>> {
  if (!body || body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'), holdable);
  } catch (error) {
    if (error instanceof SyntaxError) throw badJson('invalid syntax');
    throw error;
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badJson(`cannot unmarshal ${kindOf(value)} into object`);
  return value as Readonly<Record<string, unknown>>;
}

// PostgreSQL holds neither NUL nor half a surrogate pair. Halves become the replacement character, as Go's decoder has it.
function holdable(this: unknown, key: string, value: unknown): unknown {
  if (key.includes('\0') || (typeof value === 'string' && value.includes('\0')))
    throw invalid('The request contains a NUL character');
  return typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : value;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
