import type { Extend, Gravity, GravityType } from './processing.ts';
import { invalid, realNumber, truth } from './values.ts';

const types: readonly string[] = ['ce', 'no', 'ea', 'so', 'we', 'nowe', 'noea', 'sowe', 'soea', 'sm', 'fp'];
const offsets = { min: -Number.MAX_SAFE_INTEGER };

/** `type[:x:y]`; `sm` takes no offsets, `fp` needs a point within the image. */
export function parseGravity(option: string, [type = '', ...rest]: readonly string[]): Gravity {
  if (!types.includes(type)) return invalid(option, type);
  const text = [type, ...rest].join(':');
  if (rest.length > 2 || (type === 'sm' && rest.length > 0)) return invalid(option, text);
  const [x, y] = rest;
  if (type === 'fp') {
    if (x === undefined || y === undefined) return invalid(option, text);
    return { type, x: realNumber(option, x, { max: 1 }), y: realNumber(option, y, { max: 1 }) };
  }
  return {
    type: type as GravityType,
    x: x ? realNumber(option, x, offsets) : 0,
    y: y ? realNumber(option, y, offsets) : 0,
  };
}

/** `enabled[:gravity[:x:y]]`; there is nothing that could catch the eye outside of an image. */
export function parseExtend(option: string, [enabled = '', ...rest]: readonly string[]): Extend {
  const gravity: Gravity = rest.length > 0 && rest[0] !== '' ? parseGravity(option, rest) : { type: 'ce', x: 0, y: 0 };
  if (gravity.type === 'sm') return invalid(option, 'sm');
  return { enabled: truth(enabled), gravity };
}
