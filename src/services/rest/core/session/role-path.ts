/** One step of the way to the role in a token's claims. */
export type RoleStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  /** The first text of an array that compares so. */
  | { readonly kind: 'filter'; readonly operator: FilterOperator; readonly text: string };

type FilterOperator = '==' | '!=' | '^==' | '==^' | '*==';

/** The way to the role in a token's claims. */
export type RolePath = readonly RoleStep[];

const step =
  /\.(?:"((?:[^"\\]|\\.)*)"|([\w$@-]+))|\[(\d+)\]|\[\?\(@\s*(==\^|\^==|\*==|==|!=)\s*"((?:[^"\\]|\\.)*)"\)\]$/y;

/**
 * Reads `jwt-role-claim-key`: `.key`, `."quoted key"`, `[n]` and one last filter `[?(@ == "text")]` (PostgREST 14 docs,
 * "JWT Role Extraction").
 *
 * @throws Error when the text is no such path
 */
export function parseRolePath(text: string): RolePath {
  const steps: RoleStep[] = [];
  const pattern = new RegExp(step);
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const found = pattern.exec(text);
    if (!found) throw new Error(`the role claim key ${text} is not understood from character ${at + 1} on`);
    const [, quoted, key, index, operator, compared] = found;
    if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (operator !== undefined)
      steps.push({ kind: 'filter', operator: operator as FilterOperator, text: unescaped(compared ?? '') });
    else steps.push({ kind: 'key', key: key ?? unescaped(quoted ?? '') });
  }
  return steps;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, '$1');

/** What stands at the end of the path; undefined when the claims do not go that way. */
export function claimAt(claims: unknown, path: RolePath): unknown {
  let value = claims;
  for (const one of path) {
    if (one.kind === 'key') value = isRecord(value) && Object.hasOwn(value, one.key) ? value[one.key] : undefined;
    else if (one.kind === 'index') value = Array.isArray(value) ? value[one.index] : undefined;
    else
      value = Array.isArray(value) ? value.find((item) => typeof item === 'string' && compares(item, one)) : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function compares(item: string, { operator, text }: RoleStep & { kind: 'filter' }): boolean {
  switch (operator) {
    case '==':
      return item === text;
    case '!=':
      return item !== text;
    case '^==':
      return item.startsWith(text);
    case '==^':
      return item.endsWith(text);
    case '*==':
      return item.includes(text);
  }
}
