import { storageError } from '../../errors.ts';
import type { DistanceMetric } from '../../sql/vectors/catalogue.ts';
import type { VectorMetadata } from '../../sql/vectors/rows.ts';

/**
 * Checks the numbers of a vector: as many as the index has dimensions, each one a float32, and not all of them zero where
 * there would be no angle.
 *
 * @throws InvalidParameter
 */
export function assertVector(
  numbers: readonly number[],
  index: { readonly dimension: number; readonly metric: DistanceMetric },
): void {
  if (numbers.length !== index.dimension)
    throw invalid(`expected ${index.dimension} dimensions, not ${numbers.length}`);
  if (!numbers.every((number) => Number.isFinite(Math.fround(number))))
    throw invalid('Vectors must hold 32-bit floating point numbers');
  if (index.metric === 'cosine' && numbers.every((number) => Math.fround(number) === 0))
    throw invalid('Vectors of an index with cosine distance must not be zero');
}

/** @throws InvalidParameter for what is neither text, number nor boolean, nor a list of such */
export function assertMetadata(metadata: unknown, key: string): VectorMetadata {
  if (metadata === undefined) return {};
  const refuse = (text: string) => invalid(`Invalid metadata for vector "${key}": ${text}`);
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw refuse('metadata must be an object');
  for (const [name, value] of Object.entries(metadata))
    for (const [at, each] of Array.isArray(value)
      ? value.map((item, index) => [`${name}[${index}]`, item])
      : [[name, value]])
      if (!['string', 'number', 'boolean'].includes(typeof each))
        throw refuse(`metadata field "${at}" must be a string, boolean, or finite number`);
  return metadata as VectorMetadata;
}

/** @throws InvalidParameter when a key comes twice */
export function assertDistinct(keys: readonly string[]): void {
  if (new Set(keys).size < keys.length) throw invalid('Request must not contain duplicate keys');
}

const invalid = (message: string) => storageError('InvalidParameter', { message });
