import { quoteIdentifier, quoteLiteral } from '#kernel/sql';

/** `"schema"."name"`. */
export const qualified = (schema: string, name: string): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** Statements as one transaction: either all of them happen or none. Empty ones are left out. */
export function transaction(statements: readonly (string | undefined | null | false)[]): string {
  const wanted = statements.filter((statement): statement is string => Boolean(statement));
  return ['begin', ...wanted, 'commit', ''].join(';\n');
}

/** `comment on KIND NAME is …`, where a comment is given; null removes it. */
export function commentOn(kind: string, name: string, comment: string | null | undefined): string | undefined {
  if (comment === undefined) return undefined;
  return `comment on ${kind} ${name} is ${comment === null ? 'null' : quoteLiteral(comment)}`;
}

const word = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\d_$]*)`;
const typeSyntax = new RegExp(
  String.raw`^${word}(?:\.${word})*(?: [a-z]+)*(?: ?\(\w+(?:, ?\w+)*\))?(?: [a-z]+)*(?:\[\d*\])*$`,
  'iu',
);

/**
 * A type as a client names it. What can only be one name is quoted, so that names with capitals or spaces work; what
 * has the syntax of a type (`varchar(20)`, `int4[]`, `shop.size`, `timestamp with time zone`) is taken as it is.
 */
export function typeName(text: string): string {
  const isOneName = !/[".([]/.test(text) && /\p{Lu}/u.test(text);
  return typeSyntax.test(text) && !isOneName ? text : quoteIdentifier(text);
}

/** Settings whose value is a list of names, each of which is quoted by itself. */
const listSettings: readonly string[] = [
  'search_path',
  'temp_tablespaces',
  'local_preload_libraries',
  'session_preload_libraries',
];

/** `set NAME to VALUE`, as roles and functions take it. A setting with a prefix (`app.name`) keeps its dot. */
export function settingClause(name: string, value: unknown): string {
  const quoted = name.split('.').map(quoteIdentifier).join('.');
  if (!listSettings.includes(name.toLowerCase())) return `set ${quoted} to ${quoteLiteral(String(value))}`;
  const items = String(value)
    .split(',')
    .map((item) => item.trim().replace(/^"(.*)"$/, '$1'));
  return `set ${quoted} to ${items.map((item) => quoteLiteral(item)).join(', ')}`;
}
