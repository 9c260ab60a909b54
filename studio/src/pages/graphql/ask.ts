import { parse } from 'graphql';

/** A question as the page holds it: texts as they are written. */
export interface Question {
  readonly query: string;
  /** A JSON object, or nothing. */
  readonly variables: string;
  /** Lines `name: value`. */
  readonly headers: string;
}

/** Names of the operations in a text, in their order; none while it cannot be read. One without a name is ''. */
export function operationsOf(query: string): readonly string[] {
  try {
    return parse(query).definitions.flatMap((each) =>
      each.kind === 'OperationDefinition' ? [each.name?.value ?? ''] : [],
    );
  } catch {
    return [];
  }
}

/** Whether it would change something: by the operation that is asked for, or any where none is named. */
export function changes(query: string, operation: string | undefined): boolean {
  try {
    return parse(query).definitions.some(
      (each) =>
        each.kind === 'OperationDefinition' &&
        each.operation === 'mutation' &&
        (operation === undefined || each.name?.value === operation),
    );
  } catch {
    return false;
  }
}

/** Reads variables. @throws Error that says what is wrong */
export function readVariables(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`Variables are no JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error('Variables are a JSON object: { "name": value }');
  return value as Record<string, unknown>;
}

/** What is wrong with a question, as the server says (GraphQL specification, section 7.1.2). */
export interface Complaint {
  readonly message: string;
  /** Where in the question, e.g. `line 2, column 5`; or in the answer, e.g. `books.0.title`. */
  readonly place: string | undefined;
}

/** The complaints in an answer; none in one that has none, or is no answer of GraphQL. */
export function complaintsOf(body: unknown): readonly Complaint[] {
  const { errors } = (body ?? {}) as { readonly errors?: unknown };
  if (!Array.isArray(errors)) return [];
  return errors.map((each: unknown) => {
    const { message, locations, path } = (each ?? {}) as Readonly<Record<string, unknown>>;
    const [first] = Array.isArray(locations) ? (locations as { line?: unknown; column?: unknown }[]) : [];
    const place = first
      ? `line ${first.line}, column ${first.column}`
      : Array.isArray(path)
        ? path.join('.')
        : undefined;
    return { message: typeof message === 'string' ? message : JSON.stringify(each), place };
  });
}

/** A question that was asked. */
export interface Asked extends Question {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly ok: boolean;
}

const most = 50;
/** Longer texts are no use in a list, and browsers keep little. */
const longest = 20_000;

/** The history with one more question, the latest first; the same question is there once. */
export const remembered = (history: readonly Asked[], asked: Asked): readonly Asked[] =>
  asked.query.length + asked.variables.length > longest
    ? history
    : [
        asked,
        ...history.filter(({ query, variables }) => query !== asked.query || variables !== asked.variables),
      ].slice(0, most);

/** Reads a history that was stored. */
export function readHistory(text: string | null): readonly Asked[] {
  try {
    const stored: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(stored)) return [];
    return (stored as Partial<Asked>[]).flatMap(({ query, variables, headers, at, ok }) =>
      typeof query === 'string' && typeof at === 'number'
        ? [{ query, variables: String(variables ?? ''), headers: String(headers ?? ''), at, ok: ok === true }]
        : [],
    );
  } catch {
    return [];
  }
}

/** What an operation is called in a list: its name, or its beginning. */
export const titleOf = ({ query }: Pick<Question, 'query'>): string =>
  operationsOf(query).find((name) => name !== '') ?? query.replace(/\s+/g, ' ').trim().slice(0, 60);
