import { isSymbol, isWord, type Node, nameToken, rawToken, stringToken, type Token } from './tokens.ts';

/** A place inside a JSON column. */
export interface Path {
  /** The column as PostgreSQL writes it. */
  readonly column: string;
  readonly keys: readonly string[];
}

/** What names stand for, added to by `unnest`. */
export type Aliases = ReadonlyMap<string, Path>;

/** How a value inside JSON is wanted. */
export type Form = 'json' | 'text' | 'number';

/** How paths are written. */
export interface PathWriter {
  readonly schema: string;
  /** True: what is no number counts as null. False: it is a failure, which costs less to look for. */
  readonly safe: boolean;
}

/** A path as an expression. */
export function writePath({ column, keys }: Path, form: Form, { schema, safe }: PathWriter): Token {
  const path = `{${keys.map((key) => `"${key.replaceAll(/[\\"]/g, '\\$&')}"`).join(',')}}`;
  const literal = stringToken(path).text;
  if (form === 'json') return rawToken(keys.length === 0 ? column : `(${column} #> ${literal})`);
  const text = keys.length === 0 ? `(${column})::text` : `(${column} #>> ${literal})`;
  if (form === 'text') return rawToken(text);
  return rawToken(safe ? `${schema}.as_number(${text})` : `(${text})::numeric`);
}

/** A name with dots at a place: its parts, and where it ends. Undefined where there is none, or a call. */
export function dottedName(
  nodes: readonly Node[],
  start: number,
): { readonly parts: readonly string[]; readonly end: number } | undefined {
  const parts: string[] = [];
  let at = start;
  for (;;) {
    const node = nodes[at];
    if (node === undefined || node.kind === 'group' || (node.kind !== 'word' && node.kind !== 'name')) return undefined;
    parts.push(node.kind === 'name' ? node.value : node.text);
    at++;
    if (!isSymbol(nodes[at], '.')) break;
    at++;
  }
  const next = nodes[at];
  return next?.kind === 'group' && next.open === '(' ? undefined : { parts, end: at };
}

/** What a name with dots stands for. */
export function resolve(parts: readonly string[], aliases: Aliases, tables: ReadonlySet<string>): Path {
  const [first = '', ...rest] = parts;
  const known = aliases.get(first.toLowerCase());
  if (known) return { column: known.column, keys: [...known.keys, ...rest] };
  const [second, ...deeper] = rest;
  if (second !== undefined && tables.has(first.toLowerCase()))
    return { column: `${columnName(first)}.${columnName(second)}`, keys: deeper };
  return { column: columnName(first), keys: rest };
}

// Unquoted names are in small letters to PostgreSQL.
const columnName = (name: string): string => nameToken(name.toLowerCase()).text;

const comparisons = ['=', '!=', '<>', '<', '>', '<=', '>='];
const arithmetic = ['+', '-', '*', '/', '%'];
const textual = ['~', '~*', '!~', '!~*', '||', '::', ...comparisons];

/** The form in which a value is wanted between its neighbours. @param within form that a call around it wants */
export function formAt(nodes: readonly Node[], start: number, end: number, within: Form): Form {
  const before = nodes[start - 1];
  const after = nodes[end];
  if (isSymbol(after, '::')) return 'text';
  if (isSymbol(after, ...comparisons) && isNumber(nodes, end + 1)) return 'number';
  if (isSymbol(before, ...comparisons) && isNumberBefore(nodes, start - 2)) return 'number';
  if (isSymbol(after, ...arithmetic) || (isSymbol(before, ...arithmetic) && nodes[start - 2] !== undefined))
    return 'number';
  const range = isWord(after, 'not') ? end + 1 : end;
  if (isWord(nodes[range], 'between')) return isNumber(nodes, range + 1) ? 'number' : 'text';
  if (isWord(nodes[range], 'in')) {
    const list = nodes[range + 1];
    return list?.kind === 'group' && isNumber(list.items, 0) ? 'number' : 'text';
  }
  if (isSymbol(after, ...textual) || isSymbol(before, ...textual)) return 'text';
  if (isWord(after, 'like', 'ilike', 'not', 'similar', 'is') || isWord(before, 'like', 'ilike', 'in', 'case', 'when'))
    return 'text';
  if (isWord(before, 'between', 'and') && isWord(after, 'and')) return 'text';
  if (isWord(before, 'then', 'else')) return within === 'json' ? 'text' : within;
  return within;
}

function isNumber(nodes: readonly Node[], at: number): boolean {
  return nodes[isSymbol(nodes[at], '-', '+') ? at + 1 : at]?.kind === 'number';
}

const isNumberBefore = (nodes: readonly Node[], at: number): boolean => nodes[at]?.kind === 'number';
