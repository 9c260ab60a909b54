/** Where a view's output column comes from: column number of the view → relation and column number. */
export interface ColumnOrigin {
  readonly number: number;
  readonly relation: string;
  readonly origin: number;
}

/**
 * Reads the output columns of a view's query out of its parse tree (`pg_rewrite.ev_action`). Only columns that are
 * plain references have an origin.
 *
 * The text is `({QUERY :field value … :targetList ({TARGETENTRY …} …) …})`; queries nested in it have lists of their
 * own, hence the counting of brackets.
 */
export function viewOrigins(action: string): readonly ColumnOrigin[] {
  const start = targetListStart(action);
  return start < 0 ? [] : targetEntries(action, start);
}

const open = new Set(['(', '{']);
const close = new Set([')', '}']);

/** Position behind the parenthesis that opens the outer query's target list. */
function targetListStart(text: string): number {
  const field = ':targetList (';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\\') at++;
    else if (open.has(char)) depth++;
    else if (close.has(char)) depth--;
    else if (char === ':' && depth === 2 && text.startsWith(field, at)) return at + field.length;
  }
  return -1;
}

function targetEntries(text: string, start: number): ColumnOrigin[] {
  const origins: ColumnOrigin[] = [];
  let depth = 0;
  let fields: Record<string, string> = {};
  for (let at = start; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\\') at++;
    else if (open.has(char)) {
      if (depth++ === 0) fields = {};
    } else if (close.has(char)) {
      if (depth === 0) break;
      if (--depth === 0) noteOrigin(origins, fields);
    } else if (char === ':' && depth === 1) {
      const field = /:(\w+) (\S*)/y;
      field.lastIndex = at;
      const found = field.exec(text);
      if (found) fields[found[1] as string] = (found[2] as string).replace('}', '');
    }
  }
  return origins;
}

function noteOrigin(origins: ColumnOrigin[], { resno, resorigtbl, resorigcol }: Record<string, string>): void {
  if (resno === undefined || resorigtbl === undefined || resorigtbl === '0') return;
  origins.push({ number: Number(resno), relation: resorigtbl, origin: Number(resorigcol) });
}
