import { isIP } from 'node:net';

/** What is wrong with the fields of a body, as Supavisor answers it. */
export type FieldProblems = Record<string, string[]>;

/** Reads the fields of a body one by one, and gathers what is wrong. */
export interface FieldReader {
  readonly problems: FieldProblems;
  /** @param fallback undefined: the field is required */
  text(name: string, fallback: string | undefined, longest?: number): string;
  optionalText(name: string, fallback: string | null, longest?: number): string | null;
  integer(name: string, fallback: number | undefined, min: number, max: number): number;
  flag(name: string, fallback: boolean): boolean;
  choice<T extends string>(name: string, values: readonly T[], fallback: T): T;
  ranges(name: string, fallback: readonly string[]): readonly string[];
  texts(name: string, fallback: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  objects(name: string): readonly Readonly<Record<string, unknown>>[] | undefined;
}

const mostEntries = 1_000;

/** A plain object; undefined for anything else. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** Reads `body`. A null counts as not given. */
export function fieldsOf(body: Readonly<Record<string, unknown>>): FieldReader {
  const problems: FieldProblems = {};
  const complain = (name: string, text: string): void => {
    problems[name] = [...(problems[name] ?? []), text];
  };
  const given = (name: string): unknown => (Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined);

  function read<T>(name: string, fallback: T | undefined, parse: (value: unknown) => T | string, blank: T): T {
    const value = given(name);
    if (value === undefined) {
      if (fallback === undefined) complain(name, "can't be blank");
      return fallback ?? blank;
    }
    const parsed = parse(value);
    return parsed as T;
  }

  const textOf = (name: string, longest: number) => (value: unknown) => {
    if (typeof value !== 'string') complain(name, 'is invalid');
    else if (value === '') complain(name, "can't be blank");
    else if (Buffer.byteLength(value) > longest) complain(name, `should be at most ${longest} byte(s)`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    else if (longest < 4_096 && /[\x00-\x1f\x7f]/.test(value)) complain(name, 'has invalid format');
    else return value;
    return '';
  };

  return {
    problems,
    text: (name, fallback, longest = 255) => read(name, fallback, textOf(name, longest), ''),
    optionalText: (name, fallback, longest = 255) =>
      given(name) === undefined ? fallback : textOf(name, longest)(given(name)),
    integer: (name, fallback, min, max) =>
      read(
        name,
        fallback,
        (value) => {
          if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
          complain(name, `must be a whole number from ${min} to ${max}`);
          return min;
        },
        min,
      ),
    flag: (name, fallback) =>
      read(
        name,
        fallback,
        (value) => {
          if (typeof value === 'boolean') return value;
          complain(name, 'is invalid');
          return fallback;
        },
        fallback,
      ),
    choice: (name, values, fallback) =>
      read(
        name,
        fallback,
        (value) => {
          const found = values.find((each) => each === value);
          if (found === undefined) complain(name, 'is invalid');
          return found ?? fallback;
        },
        fallback,
      ),
    ranges: (name, fallback) =>
      read(
        name,
        fallback,
        (value) => {
          if (Array.isArray(value) && value.length <= mostEntries && value.every(isRange)) return value as string[];
          complain(name, 'is invalid');
          return [...fallback];
        },
        [],
      ),
    texts: (name, fallback) =>
      read(
        name,
        fallback,
        (value) => {
          const entries = Object.entries(asObject(value) ?? { '': 0 });
          if (entries.length <= mostEntries && entries.every(([, each]) => typeof each === 'string'))
            return Object.fromEntries(entries) as Record<string, string>;
          complain(name, 'is invalid');
          return { ...fallback };
        },
        {},
      ),
    objects(name) {
      const value = given(name);
      if (value === undefined) return undefined;
      if (Array.isArray(value) && value.length <= mostEntries && value.every((each) => asObject(each) !== undefined))
        return value as Readonly<Record<string, unknown>>[];
      complain(name, 'is invalid');
      return undefined;
    },
  };
}

function isRange(value: unknown): boolean {
  const [, address = '', bits] = (typeof value === 'string' && /^([\da-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(value)) || [];
  const family = isIP(address);
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128));
}
