import { storageError } from '../errors.ts';

const bucketName = /^[\w!\-.*'() &$@=;:+,?]{1,100}$/;
const objectName = /^[\w/!\-.*'() &$@=;:+,?]+$/;

/** Suffix of names that analytics buckets have for themselves. */
const analyticsSuffix = '--table-s3';
/** What S3 allows. */
const keyBytes = 1_024;

/** @throws InvalidBucketName */
export function assertBucketName(name: string): void {
  if (!bucketName.test(name) || name !== name.trim() || name.endsWith(analyticsSuffix) || name === '.' || name === '..')
    throw storageError('InvalidBucketName');
}

/**
 * Checks an object's name: the characters that Supabase Storage allows, and no `.` or `..` between slashes, which a file
 * system would take for something else.
 *
 * @throws InvalidKey
 */
export function assertObjectName(name: string): void {
  if (!isObjectName(name)) throw storageError('InvalidKey', { message: `Invalid key: ${name}` });
}

/** Whether an object may be called that. */
export function isObjectName(name: string): boolean {
  return objectName.test(name) && !/(^|\/)\.{1,2}(\/|$)/.test(name) && name.length <= keyBytes;
}

/** Names of this ending stand for folders that hold nothing yet. */
export const isPlaceholder = (name: string): boolean => name.endsWith('.emptyFolderPlaceholder');
