import type { PolicyInfo } from '../../../sql/changes/catalogue.ts';
import { tokensOf } from './tokens.ts';

/** Sources of the helpers of schema auth, without blanks; a project may have put its own in their place. */
const known: Readonly<Record<string, RegExp>> = {
  'auth.uid': claimSource('sub', 'uuid'),
  'auth.role': claimSource('role', 'text'),
  'auth.email': claimSource('email', 'text'),
  'auth.jwt':
    /^selectcoalesce\(nullif\(current_setting\('request\.jwt\.claim',true\),''\),nullif\(current_setting\('request\.jwt\.claims',true\),''\)\)::jsonb;?$/,
};

function claimSource(claim: string, type: string): RegExp {
  const old = `nullif\\(current_setting\\('request\\.jwt\\.claim\\.${claim}',true\\),''\\)`;
  const claims = `\\(?nullif\\(current_setting\\('request\\.jwt\\.claims',true\\),''\\)::jsonb->>'${claim}'\\)?`;
  return new RegExp(`^selectcoalesce\\(${old},${claims}\\)(::${type})?;?$`);
}

/** Whether the policy uses no function or operator of somebody's own: only the known helpers of schema auth. */
export function usesKnownFunctions({ functions }: PolicyInfo): boolean {
  return functions.every(({ name, source }) => known[name]?.test(source.replaceAll(/\s/g, '').toLowerCase()) ?? false);
}

/** Functions of PostgreSQL that look at nothing but their arguments. */
const pure = new Set([
  'lower',
  'upper',
  'length',
  'btrim',
  'now',
  'date_trunc',
  'jsonb_array_length',
  'abs',
  'array_length',
]);
/** Words before a parenthesis that call nothing. */
const words = new Set([
  'IN',
  'ANY',
  'ALL',
  'EXISTS',
  'AND',
  'OR',
  'NOT',
  'WHERE',
  'ON',
  'SELECT',
  'WHEN',
  'THEN',
  'ELSE',
  'COALESCE',
  'FROM',
  'ARRAY',
]);

/**
 * Which claims decide about a policy: those that its text reads through `auth.uid()`, `auth.role()`, `auth.email()` and
 * `auth.jwt() ->> 'name'`.
 *
 * @returns undefined when it may read any
 */
export function claimsRead(policy: PolicyInfo): ReadonlySet<string> | undefined {
  const tokens = tokensOf(policy.condition);
  if (!tokens || !usesKnownFunctions(policy)) return undefined;
  const read = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    const isCall = tokens[at + 1]?.text === '(' && tokens[at + 1]?.kind === 'symbol';
    // Names without parentheses that are calls nevertheless (current_setting has some, current_user is the role).
    if (!isCall) continue;
    if (token.kind === 'word') {
      if (!words.has(token.text)) return undefined;
      continue;
    }
    if (token.kind !== 'name' || pure.has(token.text)) continue;
    if (token.text === 'auth.uid') read.add('sub');
    else if (token.text === 'auth.role') read.add('role');
    else if (token.text === 'auth.email') read.add('email');
    else if (token.text === 'auth.jwt') {
      const [close, arrow, key] = tokens.slice(at + 2, at + 5);
      if (close?.text !== ')' || !(arrow?.text === '->>' || arrow?.text === '->') || key?.kind !== 'string')
        return undefined;
      read.add(key.text);
    } else return undefined;
  }
  return read;
}
