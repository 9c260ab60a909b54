/** Operators of filters (`realtime.equality_op`). */
export const filterOperators = [
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'like',
  'ilike',
  'is',
  'match',
  'imatch',
  'isdistinct',
] as const;

/** One of them. */
export type FilterOperator = (typeof filterOperators)[number];

/** One condition of a filter. */
export interface FilterTerm {
  readonly column: string;
  readonly operator: FilterOperator;
  readonly isNegated: boolean;
  /** As it was written, quotes removed. For `in` the text between the parentheses. */
  readonly value: string;
  /** The values of `in`; one for all other operators. */
  readonly values: readonly string[];
}

const maxTerms = 100;

/**
 * Reads a filter: conditions `column=[not.]operator.value`, separated by commas, of which all must hold (spec §2.1). Commas in
 * parentheses and in double quotes do not separate; a quote opens after a dot, a comma or a parenthesis only.
 */
export function parseFilter(text: string): { readonly terms: readonly FilterTerm[] } | { readonly fault: string } {
  const segments = split(text, true);
  if (segments.length > maxTerms) return { fault: `Error parsing \`filter\` params: more than ${maxTerms} conditions` };
  const terms: FilterTerm[] = [];
  for (const segment of segments) {
    const term = parseTerm(segment);
    if ('fault' in term) return term;
    terms.push(term);
  }
  return { terms };
}

function parseTerm(segment: string): FilterTerm | { readonly fault: string } {
  const at = segment.indexOf('=');
  if (at < 1) return { fault: faultOf([segment]) };
  const column = segment.slice(0, at).trim();
  let rest = segment.slice(at + 1);
  const isNegated = rest.startsWith('not.');
  if (isNegated) rest = rest.slice('not.'.length);
  const dot = rest.indexOf('.');
  const operator = rest.slice(0, dot) as FilterOperator;
  if (dot < 1) return { fault: faultOf([column, rest]) };
  const raw = rest.slice(dot + 1);
  if (!filterOperators.includes(operator)) return { fault: faultOf([operator, raw]) };
  if (operator !== 'in') {
    const value = unquoted(raw);
    return { column, operator, isNegated, value, values: [value] };
  }
  if (!raw.startsWith('(') || !raw.endsWith(')'))
    return { fault: 'Error parsing `filter` params: `in` filter value must be wrapped by parentheses' };
  const inner = raw.slice(1, -1);
  return { column, operator, isNegated, value: inner, values: inner === '' ? [] : split(inner, false).map(unquoted) };
}

const faultOf = (parts: readonly string[]): string =>
  `Error parsing \`filter\` params: [${parts.map((part) => JSON.stringify(part)).join(', ')}]`;

/** Splits at commas outside of quotes and, where asked for, of parentheses. */
function split(text: string, mindsParentheses: boolean): string[] {
  const parts: string[] = [];
  let from = 0;
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isQuoted) {
      if (letter === '\\') at++;
      else if (letter === '"') isQuoted = false;
    } else if (letter === '"' && (at === from || '.(,'.includes(text[at - 1] as string))) isQuoted = true;
    else if (letter === '(' && mindsParentheses) depth++;
    else if (letter === ')' && mindsParentheses) depth = Math.max(0, depth - 1);
    else if (letter === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

function unquoted(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
}
