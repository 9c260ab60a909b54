import { defineErrors, type ErrorDetails, ServiceError } from '#kernel/errors';
import { asDatabaseError } from '#kernel/sql';

/**
 * What storage answers, by its public code (Supabase Storage, "Error codes"). `error` is the older name that clients
 * compare with, `code` what is printed where it differs from the entry's name, and `wire` a status that travels as it is:
 * every other one but 500 is HTTP 400 with the true status in the body.
 */
export const storageErrors = {
  NoSuchBucket: { status: 404, message: 'Bucket not found', error: 'Bucket not found' },
  NoSuchKey: { status: 404, message: 'Object not found', error: 'not_found' },
  NoSuchUpload: { status: 404, message: 'Upload not found' },
  NoSuchContent: { status: 404, message: 'The resource was not found', error: 'Not found', code: 'NoSuchKey' },
  NoSuchRoute: { status: 404, message: 'Route not found', error: 'Not found', code: 'InvalidRequest', wire: 404 },
  InvalidJWT: { status: 400, message: 'jwt malformed' },
  InvalidRequest: { status: 400, message: 'The request is not valid' },
  ValidationFailed: { status: 400, message: 'The request is not valid', error: 'Error', code: 'InvalidRequest' },
  EntityTooLarge: {
    status: 413,
    message: 'The object exceeded the maximum allowed size',
    error: 'Payload too large',
  },
  InternalError: { status: 500, message: 'Internal Server Error', error: 'Internal' },
  KeyAlreadyExists: { status: 409, message: 'The resource already exists', error: 'Duplicate' },
  ResourceAlreadyExists: { status: 409, message: 'The resource already exists', error: 'Duplicate' },
  BucketAlreadyExists: { status: 409, message: 'The resource already exists', error: 'Duplicate' },
  BucketNotEmpty: {
    status: 409,
    message: 'The bucket you tried to delete is not empty',
    code: 'InvalidRequest',
    error: 'InvalidRequest',
  },
  InvalidBucketName: { status: 400, message: 'Bucket name invalid', error: 'Invalid Input' },
  InvalidKey: { status: 400, message: 'Invalid key' },
  InvalidRange: { status: 416, message: 'invalid range provided', error: 'invalid_range', wire: 416 },
  InvalidMimeType: { status: 415, message: 'mime type is not supported', error: 'invalid_mime_type' },
  InvalidUploadId: { status: 400, message: 'Invalid upload id' },
  InvalidSignature: { status: 400, message: 'Invalid signature' },
  ExpiredToken: { status: 400, message: 'The provided token has expired.' },
  SignatureDoesNotMatch: {
    status: 403,
    message:
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  },
  RequestTimeTooSkewed: {
    status: 403,
    message: 'The difference between the request time and the current time is too large.',
  },
  XAmzContentSHA256Mismatch: {
    status: 400,
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
  BadDigest: { status: 400, message: 'The checksum you specified did not match what we received.' },
  IncompleteBody: {
    status: 400,
    message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
  },
  MalformedXML: {
    status: 400,
    message: 'The XML you provided was not well-formed or did not validate against our published schema',
  },
  InvalidPolicyDocument: {
    status: 400,
    message: 'The content of the form does not meet the conditions of the policy.',
  },
  MalformedTrailerError: {
    status: 400,
    message: 'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  },
  MalformedPOSTRequest: {
    status: 400,
    message: 'The body of your POST request is not well-formed multipart/form-data.',
  },
  InvalidPart: { status: 400, message: 'One or more of the specified parts could not be found.' },
  EntityTooSmall: {
    status: 400,
    message: 'Your proposed upload is smaller than the minimum allowed object size.',
  },
  PreconditionFailed: {
    status: 412,
    message: 'At least one of the preconditions you specified did not hold.',
  },
  AccessDenied: { status: 403, message: 'new row violates row-level security policy', error: 'Unauthorized' },
  ServiceRoleOnly: {
    status: 403,
    message: 'Forbidden',
    error: 'Unauthorized',
    code: 'AccessDenied',
    wire: 403,
  },
  ResourceLocked: { status: 423, message: 'The resource is locked' },
  LockTimeout: { status: 503, message: 'acquiring lock timeout', error: 'acquiring_lock_timeout' },
  DatabaseError: { status: 500, message: 'database error' },
  DatabaseTimeout: { status: 544, message: 'The connection to the database timed out', wire: 544 },
  TransactionError: { status: 409, message: 'transaction conflict' },
  MissingContentLength: { status: 400, message: 'You must provide the Content-Length HTTP header.' },
  MissingParameter: { status: 400, message: 'Missing Required Parameter' },
  InvalidParameter: { status: 400, message: 'Invalid Parameter' },
  InvalidUploadSignature: { status: 400, message: 'Invalid upload Signature' },
  InvalidChecksum: { status: 400, message: 'The checksum you specified did not match what we received.' },
  RequestTimeout: {
    status: 408,
    message: 'Your socket connection to the server was not read from or written to within the timeout period.',
  },
  SlowDown: {
    status: 429,
    message: 'Too many connections issued to the database',
    error: 'too_many_connections',
    wire: 429,
  },
  FeatureNotEnabled: {
    status: 409,
    message: 'The feature is not enabled for this resource',
    error: 'InvalidRequest',
    code: 'InvalidRequest',
  },
  NotImplemented: { status: 501, message: 'A header you provided implies functionality that is not implemented' },
  RelatedResourceNotFound: {
    status: 404,
    message: 'The related resource does not exist',
    error: 'InvalidRequest',
    code: 'InvalidRequest',
  },
  InvalidXRobotsTag: {
    status: 400,
    message: 'Invalid X-Robots-Tag header',
    error: 'invalid_x_robots_tag',
    code: 'InvalidRequest',
  },
  UnableToEmptyBucket: {
    status: 409,
    message: 'Unable to empty the bucket because it contains too many objects',
    error: 'InvalidRequest',
    code: 'InvalidRequest',
  },
  NoContentProvided: {
    status: 400,
    message: 'No content provided',
    error: 'InvalidRequest',
    code: 'InvalidRequest',
  },
  InvalidFileSize: {
    status: 400,
    message: 'Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B',
    error: 'InvalidRequest',
    code: 'InvalidRequest',
  },
  InvalidImageRequest: {
    status: 400,
    message: 'Invalid image request',
    error: 'InvalidRequest',
    code: 'InvalidRequest',
  },
  ImageFailed: { status: 500, message: 'Internal error', error: 'InternalError', code: 'InternalError' },
  StorageUnavailable: { status: 503, message: 'The storage backend is unavailable', code: 'SlowDown', wire: 503 },
  DiskFull: { status: 507, message: 'There is no space left to store the object', code: 'InternalError', wire: 507 },
  Aborted: { status: 499, message: 'The client closed the request', code: 'AbortedTerminate' },
} as const;

interface Entry {
  readonly status: number;
  readonly message: string;
  readonly error?: string;
  readonly code?: string;
  readonly wire?: number;
}

/** A code of the catalogue. */
export type StorageErrorCode = keyof typeof storageErrors;

const make = defineErrors(storageErrors);

/** Builds an error of the catalogue. */
export const storageError = (code: StorageErrorCode, extra: ErrorDetails = {}): ServiceError => make(code, extra);

const retryAfter = { 'retry-after': '1' };

const tooManyConnections = [
  'Max client connections reached',
  'remaining connection slots are reserved',
  'no more connections allowed',
  'sorry, too many clients already',
  'server login has been failing',
];

/** Turns anything thrown into an error of the catalogue; what is unknown is an InternalError with its cause. */
export function asStorageError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return isOwn(thrown) ? thrown : fromPool(thrown);
  const database = asDatabaseError(thrown);
  if (database) return fromDatabase(database.code, database.message, thrown);
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return storageError('DiskFull', { cause: thrown });
  // More than the file system can have in one file.
  if (code === 'EFBIG') return storageError('EntityTooLarge', { cause: thrown });
  if (code === 'EMFILE' || code === 'ENFILE')
    return storageError('SlowDown', { message: 'Too many files are open', cause: thrown, headers: retryAfter });
  if (code === 'ENAMETOOLONG') return storageError('InvalidKey', { message: 'Invalid key: too long', cause: thrown });
  // A folder where a file would have to be, or the other way round.
  if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'EEXIST')
    return storageError('InvalidKey', { message: 'Invalid key', cause: thrown });
  return storageError('InternalError', { cause: thrown });
}

const isOwn = (error: ServiceError): boolean => error.code in storageErrors;

function fromPool(error: ServiceError): ServiceError {
  if (error.code === 'pool_timeout') return storageError('DatabaseTimeout', { cause: error });
  if (error.code === 'request_aborted') return storageError('Aborted', { cause: error });
  if (error.code === 'connection_failed') return storageError('DatabaseTimeout', { cause: error });
  return storageError('SlowDown', { cause: error, headers: retryAfter });
}

function fromDatabase(sqlState: string, message: string, cause: unknown): ServiceError {
  if (tooManyConnections.some((text) => message.includes(text)))
    return storageError('SlowDown', { cause, headers: retryAfter });
  switch (sqlState) {
    case '42501':
      return storageError('AccessDenied', { cause });
    // PostgreSQL has no texts with a zero in them, and nothing can be called that.
    case '22021':
      return storageError('InvalidKey', { message: 'Invalid key', cause });
    // A role that a token names and nobody has.
    case '22023':
      return storageError(/^role ".*" does not exist/.test(message) ? 'AccessDenied' : 'DatabaseError', {
        cause,
        ...(!/^role /.test(message) && { message: `database error, code: ${sqlState}` }),
      });
    // Characters that documents cannot have, and numbers beyond PostgreSQL's own.
    case '22P05':
    case '22003':
    case '22P02':
      return storageError('InvalidRequest', { cause });
    case '23505':
      return storageError('ResourceAlreadyExists', { cause });
    case '23503':
      return storageError('RelatedResourceNotFound', { cause });
    case '55P03':
      return storageError('ResourceLocked', { cause });
    case '57014':
      return storageError('DatabaseTimeout', { cause });
    case '53100':
      return storageError('DiskFull', { cause });
    case '40001':
    case '40P01':
      return storageError('TransactionError', { cause });
    default:
      return storageError('DatabaseError', { message: `database error, code: ${sqlState}`, cause });
  }
}

/** The body that clients of the REST interface read. */
export interface ErrorBody {
  readonly statusCode: string;
  readonly error: string;
  readonly message: string;
  readonly code: string;
}

/** The printed code of an error. */
export const printedCode = (error: ServiceError): string =>
  (storageErrors as Readonly<Record<string, Entry>>)[error.code]?.code ?? error.code;

/** Renders an error for REST: nearly everything is HTTP 400, with the true status as text in the body. */
export function renderError(error: ServiceError): { readonly status: number; readonly body: ErrorBody } {
  const entry = (storageErrors as Readonly<Record<string, Entry>>)[error.code];
  const code = printedCode(error);
  return {
    status: entry?.wire ?? (error.status === 500 ? 500 : 400),
    body: { statusCode: String(error.status), error: entry?.error ?? code, message: error.message, code },
  };
}
