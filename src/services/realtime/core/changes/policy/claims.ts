import type { Claims } from '../feed.ts';
import type { Term, TermValue } from './expression.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const integer = /^(0|-?[1-9]\d{0,17})$/;

/**
 * The value of a claim as the database would have it in a policy.
 *
 * @returns undefined where only the database can tell: forms that need its parsers, or that make the policy fail
 */
export function claimValue({ path, type }: Extract<Term, { kind: 'claim' }>, claims: Claims): TermValue {
  let value: unknown = claims;
  for (const key of path) {
    if (value === null || value === undefined) return null;
    if (typeof value !== 'object') return null;
    if (Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : null;
  }
  const text = textOf(value);
  if (text === undefined || text === null) return text;
  if (text.includes('\0')) return undefined;
  if (type === 'uuid' || type === 'uuid text') return uuid.test(text) ? text.toLowerCase() : undefined;
  if (type === 'integer') return integer.test(text) ? text : undefined;
  return text;
}

function textOf(value: unknown): TermValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
