import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two texts are equal, in time that depends on neither. */
export function equalInConstantTime(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
