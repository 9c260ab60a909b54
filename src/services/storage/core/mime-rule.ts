import { storageError } from '../errors.ts';

/** Whether a text can stand in a bucket's list: `type/subtype` with an optional charset, or anything that ends in `*`. */
export function isMimeRule(text: string): boolean {
  if (text.length > 1_000) return false;
  return text.endsWith('*') || /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;\s*charset=[\w-]+)?$/i.test(text);
}

/**
 * Holds a type against a bucket's list: `image/*` stands for all of a kind, everything else is compared as it is.
 *
 * @throws InvalidMimeType
 */
export function assertMimeType(type: string, allowed: readonly string[] | null): void {
  if (allowed === null || allowed.length === 0) return;
  const fits = allowed.some((rule) => {
    if (rule === type || rule === '*' || rule === '*/*') return true;
    const [ruleKind, ruleRest] = rule.split('/');
    const [kind] = type.split('/');
    return ruleRest === '*' && ruleKind === kind;
  });
  if (!fits) throw storageError('InvalidMimeType', { message: `mime type ${type} is not supported` });
}
