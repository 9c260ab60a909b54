import { atItemEnd, field, fieldName, identifier } from './names.ts';
import type { Scanner } from './scanner.ts';
import type { Aggregate, JoinType, SelectColumn, SelectCount, SelectItem } from './tree.ts';

const colon = 0x3a;
const bang = 0x21;
const opening = 0x28;
const aggregates: readonly Aggregate[] = ['sum', 'avg', 'count', 'max', 'min'];

/**
 * The list of `select`, or of an embed's parentheses. It ends where an item is followed by no comma; what stands behind
 * is not looked at.
 *
 * @throws GrammarError
 */
export function selectList(s: Scanner): readonly SelectItem[] {
  const items: SelectItem[] = [];
  for (;;) {
    const start = s.position;
    s.blanks();
    const item = selectItem(s);
    if (item === undefined) {
      // A list that cannot even begin is an empty one.
      if (items.length === 0 && s.position === start) return items;
      throw s.failure();
    }
    items.push(item);
    s.blanks();
    if (!s.accept(',')) return items;
  }
}

function selectItem(s: Scanner): SelectItem | undefined {
  return spread(s) ?? star(s) ?? named(s);
}

function spread(s: Scanner): SelectItem | undefined {
  const start = s.position;
  if (!s.accept('...')) return undefined;
  const relation = fieldName(s);
  const head = relation === undefined ? undefined : embedHead(s);
  if (relation !== undefined && head)
    return { kind: 'embed', relation, alias: undefined, ...head, spread: true, select: subSelect(s) };
  s.position = start;
  return undefined;
}

function star(s: Scanner): SelectItem | undefined {
  const start = s.position;
  if (!s.accept('*')) return undefined;
  if (atItemEnd(s)) return { kind: 'star' };
  s.position = start;
  return undefined;
}

/** What begins with a name: an embed, `count()`, or a column. */
function named(s: Scanner): SelectItem | undefined {
  const start = s.position;
  let alias: string | undefined;
  let name = fieldName(s);
  if (name === undefined) return undefined;
  let behindAlias = start;
  if (s.peek() === colon && s.peek(1) !== colon) {
    s.position++;
    behindAlias = s.position;
    alias = name;
    name = fieldName(s);
    if (name === undefined) throw s.failure();
  }
  const code = s.peek();
  if (code === opening || code === bang) {
    if (name !== 'count') {
      const head = embedHead(s);
      if (head) return { kind: 'embed', relation: name, alias, ...head, spread: false, select: subSelect(s) };
    } else if (s.text.startsWith('count()', behindAlias)) {
      const count = countItem(s, behindAlias, alias);
      if (count) return count;
    }
  }
  s.rewind(behindAlias);
  return column(s, alias);
}

function countItem(s: Scanner, at: number, alias: string | undefined): SelectCount | undefined {
  s.position = at + 'count()'.length;
  const cast = castOf(s);
  return atItemEnd(s) ? { kind: 'count', alias, cast } : undefined;
}

function column(s: Scanner, alias: string | undefined): SelectColumn {
  const of = field(s);
  if (of === undefined) throw s.failure();
  const cast = castOf(s);
  const aggregate = aggregateOf(s);
  const aggregateCast = castOf(s);
  if (!atItemEnd(s)) throw s.failure();
  return { kind: 'column', field: of, alias, cast, aggregate, aggregateCast };
}

function castOf(s: Scanner): string | undefined {
  return s.accept('::') ? identifier(s) : undefined;
}

function aggregateOf(s: Scanner): Aggregate | undefined {
  const start = s.position;
  if (!s.accept('.')) return undefined;
  for (const name of aggregates) {
    if (!s.accept(name)) continue;
    if (s.accept('()')) return name;
    break;
  }
  s.position = start;
  return undefined;
}

interface EmbedHead {
  readonly hint: string | undefined;
  readonly join: JoinType | undefined;
}

/** `!hint!inner` in either order up to the parenthesis. Undefined when none follows. */
function embedHead(s: Scanner): EmbedHead | undefined {
  let hint: string | undefined;
  let join: JoinType | undefined;
  for (let count = 0; count < 2 && s.peek() === bang; count++) {
    s.position++;
    const name = fieldName(s);
    if (name === undefined) return undefined;
    if (name === 'left' || name === 'inner') join ??= name;
    else hint ??= name;
  }
  if (s.peek() === opening) return { hint, join };
  s.miss('"!"');
  s.miss('"("');
  return undefined;
}

function subSelect(s: Scanner): readonly SelectItem[] {
  s.enter();
  s.position++;
  const items = selectList(s);
  if (!s.accept(')')) throw s.failure();
  s.leave();
  return items;
}
