import { callWriters, formWithin, intervalAt, isQuery, typeName, writeCast, writeQuantiles } from './calls.ts';
import {
  type Aliases,
  dottedName,
  type Form,
  formAt,
  type Path,
  type PathWriter,
  resolve,
  writePath,
} from './paths.ts';
import {
  badQuery,
  type Dialect,
  type Group,
  isSymbol,
  isWord,
  type Node,
  nameToken,
  readTokens,
  render,
  splitAtCommas,
} from './tokens.ts';

/** A query that PostgreSQL runs. */
export interface Rewritten {
  /** `with` items of the query's own, without the word; undefined when there are none. */
  readonly ctes: string | undefined;
  readonly isRecursive: boolean;
  readonly body: string;
  /** Names in FROM clauses that the query does not define itself. */
  readonly tables: ReadonlySet<string>;
}

interface Context extends PathWriter {
  readonly dialect: Dialect;
  readonly tables: Set<string>;
  readonly defined: Set<string>;
}

/**
 * Writes a query of the log explorer for PostgreSQL (spec services §D.4): `unnest` of maps becomes paths into the JSON
 * column, BigQuery's functions, types, texts and its comma before FROM become what PostgreSQL has. What it does not know
 * stays as it is.
 *
 * @throws ServiceError `bad_query` for what is no single SELECT
 */
export function rewriteQuery(sql: string, dialect: Dialect, writer: PathWriter): Rewritten {
  let nodes: readonly Node[] = readTokens(sql, dialect);
  while (isSymbol(nodes.at(-1), ';')) nodes = nodes.slice(0, -1);
  if (nodes.some((node) => isSymbol(node, ';'))) throw badQuery('only one statement can be run');
  const [first] = nodes;
  if (!isWord(first, 'select', 'with') && !(first?.kind === 'group' && isQuery(first)))
    throw badQuery('only SELECT queries can be run');
  const context: Context = { ...writer, dialect, tables: new Set(), defined: new Set() };
  const { ctes, isRecursive, rest } = takeCtes(nodes, new Map(), context);
  const body = writeQuery(rest, new Map(), context);
  for (const name of context.defined) context.tables.delete(name);
  return { ctes, isRecursive, body, tables: context.tables };
}

/** The `with` in front of a query, written, and the query behind it. */
function takeCtes(nodes: readonly Node[], aliases: Aliases, context: Context) {
  if (!isWord(nodes[0], 'with')) return { ctes: undefined, isRecursive: false, rest: nodes };
  const isRecursive = isWord(nodes[1], 'recursive');
  const start = isRecursive ? 2 : 1;
  // Each item ends with the brackets of its query; what comes behind the last is no comma.
  let end = start;
  for (;;) {
    const body = nodes.findIndex(
      (node, index) => index >= end && node.kind === 'group' && node.open === '(' && isQuery(node),
    );
    if (body < 0) throw badQuery('WITH has no query');
    const name = nodes[end];
    if (name && name.kind !== 'group') context.defined.add(name.value);
    end = body + 1;
    if (!isSymbol(nodes[end], ',')) break;
    end++;
  }
  const ctes = writeExpression(nodes.slice(start, end), aliases, new Set(), context, 'json');
  return { ctes, isRecursive, rest: nodes.slice(end) };
}

/** A whole query: its parts between UNION and the like, each with aliases of its own. */
function writeQuery(nodes: readonly Node[], outer: Aliases, context: Context): string {
  const { ctes, isRecursive, rest } = takeCtes(nodes, outer, context);
  const parts: string[] = ctes === undefined ? [] : [`with ${isRecursive ? 'recursive ' : ''}${ctes}`];
  let begin = 0;
  for (let at = 0; at <= rest.length; at++) {
    const node = rest[at];
    if (node !== undefined && !isWord(node, 'union', 'intersect', 'except')) continue;
    parts.push(writeSelect(rest.slice(begin, at), outer, context));
    if (node === undefined) break;
    parts.push((node as { text: string }).text);
    begin = at + 1;
    if (isWord(rest[begin], 'all', 'distinct')) {
      if (isWord(rest[begin], 'all')) parts.push('all');
      begin++;
      at = begin - 1;
    }
  }
  return parts.join(' ');
}

const clauses = ['where', 'group', 'having', 'order', 'limit', 'offset', 'window', 'fetch', 'qualify'];

function writeSelect(nodes: readonly Node[], outer: Aliases, context: Context): string {
  const from = nodes.findIndex((node, index) => isWord(node, 'from') && !isWord(nodes[index - 1], 'distinct'));
  if (from < 0) return writeExpression(nodes, outer, new Set(), context, 'json');
  const after = nodes.findIndex((node, index) => index > from && isWord(node, ...clauses));
  const end = after < 0 ? nodes.length : after;
  const { kept, aliases, tables } = readFrom(nodes.slice(from + 1, end), outer, context);
  let list = nodes.slice(0, from);
  if (isSymbol(list.at(-1), ',')) list = list.slice(0, -1);
  const parts = [
    writeList(list, aliases, tables, context),
    'from',
    writeExpression(kept, aliases, tables, context, 'text'),
  ];
  if (end < nodes.length) parts.push(writeExpression(nodes.slice(end), aliases, tables, context, 'json'));
  return parts.join(' ');
}

const joinWords = ['cross', 'left', 'right', 'inner', 'outer', 'full', 'join'];

/** Takes `unnest` out of a FROM clause, and notes what its names stand for. */
function readFrom(nodes: readonly Node[], outer: Aliases, context: Context) {
  const aliases = new Map<string, Path>(outer);
  const tables = new Set<string>();
  const kept: Node[] = [];
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at] as Node;
    const call = nodes[at + 1];
    if (isWord(node, 'unnest') && call?.kind === 'group') {
      const name = dottedName(call.items, 0);
      if (name && name.end === call.items.length) {
        let next = at + 2;
        if (isWord(nodes[next], 'as')) next++;
        const alias = nodes[next];
        if (alias?.kind !== 'word' && alias?.kind !== 'name') throw badQuery('unnest needs a name');
        if (isWord(nodes[next + 1], 'with')) throw badQuery('unnest with offset cannot be run');
        const path = resolve(name.parts, aliases, tables);
        aliases.set(alias.value.toLowerCase(), path);
        if (isWord(nodes[next + 1], 'on')) next += 2;
        while (isWord(kept.at(-1), ...joinWords) || isSymbol(kept.at(-1), ',')) kept.pop();
        at = next;
        continue;
      }
    }
    if (
      isTablePlace(kept) &&
      (node.kind === 'word' || node.kind === 'name') &&
      !isWord(node, 'lateral', 'only', ...joinWords)
    ) {
      const name = node.kind === 'name' ? node.value : node.value.toLowerCase();
      if (nodes[at + 1]?.kind !== 'group') {
        context.tables.add(name);
        tables.add(name.toLowerCase());
        const isNamed = isWord(nodes[at + 1], 'as');
        const alias = nodes[at + (isNamed ? 2 : 1)];
        if (
          alias &&
          (alias.kind === 'name' ||
            (alias.kind === 'word' && !isWord(alias, 'on', 'using', 'where', ...joinWords, ...clauses)))
        )
          tables.add(alias.value.toLowerCase());
      }
    }
    kept.push(node);
  }
  return { kept, aliases: aliases as Aliases, tables: tables as ReadonlySet<string> };
}

function isTablePlace(before: readonly Node[]): boolean {
  const last = before.at(-1);
  return last === undefined || isSymbol(last, ',') || isWord(last, 'join', 'lateral', 'only');
}

/** A select list: columns out of JSON keep the names they have there. */
function writeList(nodes: readonly Node[], aliases: Aliases, tables: ReadonlySet<string>, context: Context): string {
  const start = nodes.findIndex((node) => !isWord(node, 'select', 'distinct', 'all'));
  const head = start < 0 ? nodes : nodes.slice(0, start);
  const items = start < 0 ? [] : splitAtCommas(nodes.slice(start));
  const written = items.map((item) => {
    const text = writeExpression(item, aliases, tables, context, 'json');
    const name = dottedName(item, 0);
    if (!name || name.end !== item.length || !aliases.has((name.parts[0] ?? '').toLowerCase())) return text;
    return `${text} as ${nameToken(name.parts.at(-1) as string).text}`;
  });
  return [render(head), written.join(', ')].filter((part) => part !== '').join(' ');
}

/** Any other part of a query. @param within form in which values inside JSON are wanted where nothing else tells */
function writeExpression(
  nodes: readonly Node[],
  aliases: Aliases,
  tables: ReadonlySet<string>,
  context: Context,
  within: Form,
): string {
  const out: string[] = [];
  const again = (inner: readonly Node[], form: Form = 'text') => writeExpression(inner, aliases, tables, context, form);
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at] as Node;
    const before = nodes[at - 1];
    const next = nodes[at + 1];
    if (node.kind === 'group') {
      out.push(writeGroup(node, aliases, tables, context, within));
      continue;
    }
    if (node.kind !== 'word' && node.kind !== 'name') {
      out.push(node.text);
      continue;
    }
    const interval = intervalAt(nodes, at, again);
    if (interval) {
      out.push(interval.token.text);
      at = interval.end - 1;
      continue;
    }
    const isMember = isSymbol(before, '.');
    if (node.kind === 'word' && next?.kind === 'group' && next.open === '(' && !isMember) {
      const index = nodes[at + 2];
      const place = index?.kind === 'group' && index.open === '[' ? index.items : undefined;
      const call = writeCall(node.value, next, place, context, again);
      if (call) {
        out.push(call.text);
        at += call.tookIndex ? 2 : 1;
      } else {
        out.push(
          node.text,
          `(${isQuery(next) ? writeQuery(next.items, aliases, context) : again(next.items, formWithin(node.value, next.items))})`,
        );
        at++;
      }
      continue;
    }
    if (isSymbol(before, '::') && node.kind === 'word' && context.dialect === 'bigquery') {
      out.push(typeName(node.value));
      continue;
    }
    const name = isMember || isWord(before, 'as') ? undefined : dottedName(nodes, at);
    if (name && aliases.has((name.parts[0] ?? '').toLowerCase())) {
      out.push(writePath(resolve(name.parts, aliases, tables), formAt(nodes, at, name.end, within), context).text);
      at = name.end - 1;
      continue;
    }
    // PostgreSQL takes the bare word for a type where a text or brackets follow, which no column has.
    out.push(
      isWord(node, 'timestamp') && next?.kind !== 'string' && next?.kind !== 'group' ? '"timestamp"' : node.text,
    );
  }
  return out.join(' ');
}

function writeGroup(
  group: Group,
  aliases: Aliases,
  tables: ReadonlySet<string>,
  context: Context,
  within: Form,
): string {
  if (group.open === '(' && isQuery(group)) return `(${writeQuery(group.items, aliases, context)})`;
  const inner = writeExpression(group.items, aliases, tables, context, within);
  return group.open === '(' ? `(${inner})` : `[${inner}]`;
}

function writeCall(
  name: string,
  group: Group,
  index: readonly Node[] | undefined,
  context: Context,
  again: (nodes: readonly Node[], form?: Form) => string,
): { readonly text: string; readonly tookIndex: boolean } | undefined {
  if (name === 'cast' || name === 'safe_cast') {
    const cast = writeCast(group.items, name === 'safe_cast', context.schema, (inner) => again(inner));
    return cast === undefined ? undefined : { text: cast, tookIndex: false };
  }
  if (isQuery(group)) return undefined;
  const raw = group.items.length === 0 ? [] : splitAtCommas(group.items);
  const form = formWithin(name, group.items);
  const write = () => raw.map((argument) => again(argument, form));
  if (name === 'approx_quantiles') return { text: writeQuantiles(write(), raw, index), tookIndex: index !== undefined };
  const writer = Object.hasOwn(callWriters, name) ? callWriters[name] : undefined;
  const text = writer?.(write(), raw, context.schema);
  return text === undefined ? undefined : { text, tookIndex: false };
}
