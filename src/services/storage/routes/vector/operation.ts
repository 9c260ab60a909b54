import type { VectorStore } from '../../core/vectors/vector-store.ts';
import type { Scope } from '../../sql/scope.ts';
import type { ObjectShape } from '../validate.ts';

/** An operation of S3 Vectors: its name in the path, what its body is, and what it does. */
export interface VectorOperation {
  readonly name: string;
  /** What policies are told, behind `storage.vector.`. */
  readonly operation: string;
  readonly shape: ObjectShape;
  /** @returns the JSON of the answer; undefined for an empty one */
  // biome-ignore lint/suspicious/noExplicitAny: the shape says what is in it
  readonly run: (store: VectorStore, scope: Scope, body: any) => Promise<unknown>;
}

/** Seconds since the epoch, as S3 Vectors has its dates. */
export const seconds = (date: Date): number => Math.floor(date.getTime() / 1_000);

/** Fields of requests that several have in common. */
export const fields = {
  vectorBucketName: { type: 'string' },
  indexName: {
    type: 'string',
    minLength: 3,
    maxLength: 45,
    pattern: '^[a-z0-9](?:[a-z0-9.-]{1,61})?[a-z0-9]$',
  },
  names: {
    maxResults: { type: 'integer', minimum: 1, maximum: 500 },
    nextToken: { type: 'string' },
    prefix: { type: 'string' },
  },
} as const;
