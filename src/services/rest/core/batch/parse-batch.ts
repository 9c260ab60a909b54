import { restError } from '../../errors.ts';
import { type BatchStep, type Expectation, type Reference, StepError } from './batch-step.ts';
import { elements, type JsonSpan, members, wholeSpan } from './json-text.ts';

/** Bounds of a batch. */
export interface BatchLimits {
  readonly steps: number;
  /** Bytes of all results together. */
  readonly resultSize: number;
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']);
/**
 * Headers that say what a step is: those of the batch say nothing of its steps. All others are those of the batch, so that
 * nobody can pass for somebody else in a step.
 */
export const stepHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-profile',
  'content-profile',
  'content-type',
  'prefer',
  'range',
  'range-unit',
]);
const keys: ReadonlySet<string> = new Set(['id', 'method', 'path', 'headers', 'body', 'bind', 'expect']);
const publicPrefix = '/rest/v1/';
const bindingName = /^[A-Za-z_]\w*$/;

/** @throws STACK600 for what is no batch, STACK601 for one with too many steps */
export function parseBatch(body: Buffer, { steps: most }: BatchLimits): BatchStep[] {
  const text = body.toString('utf8');
  const document = parsed(text);
  if (!Array.isArray(document) || document.length === 0) throw unclear('A batch is a JSON array of requests');
  if (document.length > most)
    throw restError('STACK601', { details: `It has ${document.length} steps; at most ${most} are allowed` });
  const known = new Map<string, number>();
  return elements(text, wholeSpan(text)).map((span, index) => {
    const given = document[index] as unknown;
    const id = isObject(given) && typeof given.id === 'string' ? given.id : undefined;
    try {
      const step = parseStep(given, text, span, index, known);
      if (step.id !== undefined) known.set(step.id, index);
      return step;
    } catch (error) {
      throw new StepError({ index, id }, error);
    }
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw restError('PGRST102');
  }
}

const unclear = (details: string) => restError('STACK600', { details });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseStep(
  given: unknown,
  text: string,
  span: JsonSpan,
  index: number,
  known: ReadonlyMap<string, number>,
): BatchStep {
  if (!isObject(given)) throw unclear('A step is an object');
  const unknown = Object.keys(given).find((key) => !keys.has(key));
  if (unknown !== undefined) throw unclear(`'${unknown}' is no member of a step; there are ${[...keys].join(', ')}`);
  const { id, method = 'GET', path } = given;
  if (id !== undefined && (typeof id !== 'string' || !/^[A-Za-z_][\w-]*$/.test(id)))
    throw unclear('An id is letters, digits, _ and -, and begins with a letter or _');
  if (id !== undefined && known.has(id)) throw unclear(`Two steps have the id '${id}'`);
  if (typeof method !== 'string' || !methods.has(method))
    throw unclear(`A method is one of ${[...methods].join(', ')}`);
  if (typeof path !== 'string' || !path.startsWith('/')) throw unclear('A path begins with /');
  const target = path.startsWith(publicPrefix) ? path.slice(publicPrefix.length - 1) : path;
  const mark = target.indexOf('?');
  const headers = headersOf(given.headers);
  const parts = new Map(members(text, span).map((member) => [member.key, member]));
  const bindings = bindingsOf(given.bind, known, index);
  return {
    index,
    id,
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    body: bodyOf(given.body, headers['content-type'], text, parts.get('body')),
    bindings,
    expectation: expectationOf(given.expect, text, parts.get('expect')),
  };
}

function headersOf(given: unknown): Record<string, string> {
  if (given === undefined) return {};
  if (!isObject(given)) throw unclear('Headers are an object of texts');
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || /[\r\n\0]/.test(value)) throw unclear('Headers are an object of texts');
    if (!stepHeaders.has(lower))
      throw unclear(`A step may not have the header ${name}; it may have ${[...stepHeaders].join(', ')}`);
    found[lower] = value;
  }
  return found;
}

/** JSON as it stands; with another content type the text that is written as a JSON string. */
function bodyOf(given: unknown, type: string | undefined, text: string, span: JsonSpan | undefined): string {
  if (span === undefined) return '';
  if (type === undefined || /^application\/json\b/i.test(type)) return text.slice(span.start, span.end);
  if (typeof given !== 'string') throw unclear(`A body of type ${type} is a text`);
  return given;
}

function bindingsOf(given: unknown, known: ReadonlyMap<string, number>, index: number): Map<string, Reference> {
  const found = new Map<string, Reference>();
  if (given === undefined) return found;
  if (!isObject(given)) throw unclear('bind is an object of references');
  for (const [name, reference] of Object.entries(given)) {
    if (!bindingName.test(name)) throw unclear(`'${name}' is no name: letters, digits and _`);
    found.set(name, referenceOf(reference, known, index));
  }
  return found;
}

/** `step.key.index…`, or the same as a list where keys have dots; a step is named by its id or its position. */
function referenceOf(given: unknown, known: ReadonlyMap<string, number>, index: number): Reference {
  const parts = typeof given === 'string' ? given.split('.') : given;
  const isPath = Array.isArray(parts) && parts.every((part) => typeof part === 'string' || Number.isInteger(part));
  const [first, ...path] = isPath ? parts.map(String) : [];
  if (first === undefined) throw unclear('A reference is a text such as order.0.id, or a list of its parts');
  const step = /^\d+$/.test(first) ? Number(first) : known.get(first);
  if (step === undefined || step >= index) throw unclear(`There is no step '${first}' before this one`);
  return { step, path, text: [first, ...path].join('.') };
}

function expectationOf(given: unknown, text: string, span: JsonSpan | undefined): Expectation {
  if (given === undefined || span === undefined) return { least: undefined, most: undefined, version: new Map() };
  if (!isObject(given) || Object.keys(given).some((key) => key !== 'rows' && key !== 'version'))
    throw unclear('expect is an object with rows, version or both');
  const [least, most] = rowsOf(given.rows);
  const member = members(text, span).findLast(({ key }) => key === 'version');
  const version = member === undefined ? new Map<string, string | null>() : versionOf(given.version, text, member);
  // A version that nothing has is one that does not fit.
  return { least: least ?? (version.size > 0 ? 1 : undefined), most, version };
}

function rowsOf(given: unknown): [least: number | undefined, most: number | undefined] {
  if (given === undefined) return [undefined, undefined];
  if (isCount(given)) return [given, given];
  if (!isObject(given)) throw unclear('rows is a number, or an object with min, max or both');
  const { min, max, ...others } = given;
  if (Object.keys(others).length > 0 || ![min, max].every((bound) => bound === undefined || isCount(bound)))
    throw unclear('rows is a number, or an object with min, max or both');
  return [min as number | undefined, max as number | undefined];
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function versionOf(given: unknown, text: string, span: JsonSpan): Map<string, string | null> {
  if (!isObject(given) || Object.keys(given).length === 0) throw unclear('version is an object: column → value');
  const found = new Map<string, string | null>();
  for (const { key, start, end } of members(text, span)) {
    const value = given[key];
    if (isObject(value) || Array.isArray(value)) throw unclear('A version is a text, a number, true, false or null');
    // Numbers keep their digits.
    found.set(key, value === null ? null : typeof value === 'string' ? value : text.slice(start, end));
  }
  return found;
}
