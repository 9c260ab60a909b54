import { TemplateError } from './lexer.ts';

/** A value inside a template: what JSON has. */
export type Value = unknown;

/** Whether a condition holds: everything but false, 0, nothing, and empty text, lists and objects. */
export function isTruthy(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as text. Nothing is the empty text, as HTML templates have it. */
export function printValue(value: Value): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Part of a value; nothing where there is no such part. Only own properties count. */
export function partOf(value: Value, key: string | number): Value {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string | number, Value>)[key] : undefined;
}

const compare = (a: Value, b: Value): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError('only numbers or texts can be put in order');
};

const isEqual = (a: Value, b: Value): boolean => a === b || ((a ?? null) === null && (b ?? null) === null);

function formatted(format: string, values: readonly Value[]): string {
  let next = 0;
  return format.replace(
    /%(-?\d{0,3})(?:\.(\d{1,2}))?([a-zA-Z%])/g,
    (all, width: string, places: string, verb: string) => {
      if (verb === '%') return '%';
      const value = values[next++];
      let text: string;
      if (verb === 's' || verb === 'v') text = printValue(value);
      else if (verb === 'd') text = String(Math.trunc(Number(value)));
      else if (verb === 'f') text = Number(value).toFixed(places === undefined ? 6 : Number(places));
      else if (verb === 'q') text = JSON.stringify(printValue(value));
      else if (verb === 't') text = String(isTruthy(value));
      else throw new TemplateError(`printf does not know ${all}`);
      const size = Math.abs(Number(width || 0));
      return width.startsWith('-') ? text.padEnd(size) : text.padStart(size);
    },
  );
}

/** The functions of the subset (Go documentation, text/template, Functions). `and` and `or` are not lazy here. */
export const functions: Readonly<Record<string, (...values: Value[]) => Value>> = {
  and: (...values) => values.find((value) => !isTruthy(value)) ?? values.at(-1),
  or: (...values) => values.find(isTruthy) ?? values.at(-1),
  not: (value) => !isTruthy(value),
  eq: (first, ...others) => others.some((other) => isEqual(first, other)),
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: (value) => (typeof value === 'string' ? Buffer.byteLength(value) : Object.keys((value ?? {}) as object).length),
  index: (value, ...keys) => keys.reduce((part, key) => partOf(part, key as string | number), value),
  print: (...values) => values.map(printValue).join(''),
  println: (...values) => `${values.map(printValue).join(' ')}\n`,
  printf: (format, ...values) => formatted(printValue(format), values),
  urlquery: (...values) => encodeURIComponent(values.map(printValue).join('')).replaceAll('%20', '+'),
};
