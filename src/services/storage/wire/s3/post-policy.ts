import { storageError } from '../../errors.ts';

/** A condition on a field of a form; names in lower case. */
interface FieldCondition {
  readonly kind: 'eq' | 'starts-with';
  readonly field: string;
  readonly value: string;
}

/** What a form may be used for (Amazon S3, "Creating a POST policy"). */
export interface PostPolicy {
  /** Milliseconds since the epoch. */
  readonly expiration: number;
  readonly conditions: readonly FieldCondition[];
  /** Bytes of the file, both ends inclusive. */
  readonly size: { readonly min: number; readonly max: number };
}

const refuse = (reason: string) => storageError('InvalidPolicyDocument', { message: `Invalid Policy: ${reason}` });

/** Reads a policy, base64 of JSON. @throws InvalidPolicyDocument */
export function parsePostPolicy(base64: string): PostPolicy {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch (error) {
    throw storageError('InvalidPolicyDocument', { message: 'Invalid Policy: Invalid JSON.', cause: error });
  }
  const { expiration, conditions } = (document ?? {}) as { expiration?: unknown; conditions?: unknown };
  const expires = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expires)) throw refuse('Invalid expiration.');
  if (!Array.isArray(conditions)) throw refuse('Invalid conditions.');
  const fields: FieldCondition[] = [];
  let size = { min: 0, max: Number.POSITIVE_INFINITY };
  for (const condition of conditions as unknown[]) {
    const range = readRange(condition);
    if (range) size = { min: Math.max(size.min, range.min), max: Math.min(size.max, range.max) };
    else fields.push(...readCondition(condition));
  }
  return { expiration: expires, conditions: fields, size };
}

function readRange(condition: unknown): { readonly min: number; readonly max: number } | undefined {
  if (!Array.isArray(condition) || String(condition[0]).toLowerCase() !== 'content-length-range') return undefined;
  const [min, max] = [Number(condition[1]), Number(condition[2])];
  if (condition.length !== 3 || !Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < 0)
    throw refuse('Invalid content-length-range.');
  return { min, max };
}

function readCondition(condition: unknown): FieldCondition[] {
  if (Array.isArray(condition)) {
    const [kind, field, value] = condition as unknown[];
    const name = String(kind).toLowerCase();
    if (condition.length !== 3 || (name !== 'eq' && name !== 'starts-with')) throw refuse('Invalid condition.');
    if (typeof field !== 'string' || !field.startsWith('$') || typeof value !== 'string')
      throw refuse('Invalid condition.');
    return [{ kind: name, field: field.slice(1).toLowerCase(), value }];
  }
  if (typeof condition !== 'object' || condition === null) throw refuse('Invalid condition.');
  return Object.entries(condition).map(([field, value]) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw refuse('Invalid condition.');
    return { kind: 'eq', field: field.toLowerCase(), value: String(value) };
  });
}

/** Fields that no condition has to be about. */
const exempt = new Set(['policy', 'x-amz-signature', 'file', 'bucket']);

/**
 * Holds a form against its policy: every condition, and no field beyond them.
 *
 * @param fields by their names in lower case, with the bucket of the address as `bucket`
 * @param now milliseconds since the epoch
 * @throws AccessDenied
 */
export function assertPolicy(policy: PostPolicy, fields: ReadonlyMap<string, string>, now: number): void {
  const deny = (reason: string) => storageError('AccessDenied', { message: `Invalid according to Policy: ${reason}` });
  if (policy.expiration <= now) throw deny('Policy expired.');
  for (const { kind, field, value } of policy.conditions) {
    const given = fields.get(field);
    const fits = given !== undefined && (kind === 'eq' ? given === value : given.startsWith(value));
    if (!fits) throw deny(`Policy Condition failed: ["${kind}", "$${field}", ${JSON.stringify(value)}]`);
  }
  const allowed = new Set(policy.conditions.map(({ field }) => field));
  for (const field of fields.keys())
    if (!allowed.has(field) && !exempt.has(field) && !field.startsWith('x-ignore-'))
      throw deny(`Extra input fields: ${field}`);
}
