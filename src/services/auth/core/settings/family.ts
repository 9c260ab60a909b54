import type { Setting } from '#kernel/config';

type Family<Prefix extends string, Name extends string, T> = { readonly [K in `${Prefix}${Name}`]: Setting<T> };

/** Settings that differ in a name only: one for each name, under the keys `prefix` + name. */
export function family<const P extends string, const N extends string, T>(
  prefix: P,
  names: readonly N[],
  make: (name: N) => Setting<T>,
): Family<P, N, T> {
  return Object.fromEntries(names.map((name) => [`${prefix}${name}`, make(name)])) as Family<P, N, T>;
}
