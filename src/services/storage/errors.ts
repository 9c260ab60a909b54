import { catalogueOf, defineErrors, type ErrorDetails, ServiceError } from '#kernel/errors';
import { asDatabaseError } from '#kernel/sql';

/**
 * What storage answers, by its public code (Supabase Storage, "Error codes"). `error` is the older name that clients
 * compare with, `code` what is printed where it differs from the entry's name, and `wire` a status that travels as it is:
 * every other one but 500 is HTTP 400 with the true status in the body.
 */
export const storageErrors = catalogueOf({
  400: {
    InvalidJWT: 'jwt malformed',
    InvalidRequest: 'The request is not valid',
    ValidationFailed: { message: 'The request is not valid', error: 'Error', code: 'InternalError' },
    InvalidBucketName: { message: 'Bucket name invalid', error: 'Invalid Input' },
    InvalidKey: 'Invalid key',
    InvalidUploadId: 'Invalid upload id',
    InvalidSignature: 'Invalid signature',
    ExpiredToken: 'The provided token has expired.',
    XAmzContentSHA256Mismatch: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    BadDigest: 'The checksum you specified did not match what we received.',
    IncompleteBody: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
    MalformedXML: 'The XML you provided was not well-formed or did not validate against our published schema',
    InvalidPolicyDocument: 'The content of the form does not meet the conditions of the policy.',
    MalformedTrailerError:
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
    MalformedPOSTRequest: 'The body of your POST request is not well-formed multipart/form-data.',
    InvalidPart: 'One or more of the specified parts could not be found.',
    EntityTooSmall: 'Your proposed upload is smaller than the minimum allowed object size.',
    MissingContentLength: 'You must provide the Content-Length HTTP header.',
    MissingParameter: 'Missing Required Parameter',
    InvalidParameter: 'Invalid Parameter',
    InvalidUploadSignature: 'Invalid upload Signature',
    InvalidChecksum: 'The checksum you specified did not match what we received.',
    InvalidXRobotsTag: {
      message: 'Invalid X-Robots-Tag header',
      error: 'invalid_x_robots_tag',
      code: 'InvalidRequest',
    },
    NoContentProvided: { message: 'No content provided', error: 'InvalidRequest', code: 'InvalidRequest' },
    InvalidFileSize: {
      message: 'Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B',
      error: 'InvalidRequest',
      code: 'InvalidRequest',
    },
    InvalidImageRequest: { message: 'Invalid image request', error: 'InvalidRequest', code: 'InvalidRequest' },
    TenantNotFound: 'Missing tenant config',
    VectorBucketNotEmpty: 'The vector bucket is not empty',
    S3VectorMaxBucketsExceeded: 'Maximum number of buckets exceeded.',
    S3VectorMaxIndexesExceeded: 'Maximum number of indexes exceeded.',
  },
  403: {
    SignatureDoesNotMatch:
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    RequestTimeTooSkewed: 'The difference between the request time and the current time is too large.',
    AccessDenied: { message: 'new row violates row-level security policy', error: 'Unauthorized' },
    ServiceRoleOnly: { message: 'Forbidden', error: 'Unauthorized', code: 'AccessDenied', wire: 403 },
  },
  404: {
    NoSuchBucket: { message: 'Bucket not found', error: 'Bucket not found' },
    NoSuchKey: { message: 'Object not found', error: 'not_found' },
    NoSuchUpload: 'Upload not found',
    NoSuchContent: { message: 'The resource was not found', error: 'Not found', code: 'NoSuchKey' },
    NoSuchRoute: { message: 'Route not found', error: 'Not Found', code: 'InvalidRequest', wire: 404 },
    NotFoundException: 'The vector bucket or index was not found',
    RelatedResourceNotFound: {
      message: 'The related resource does not exist',
      error: 'InvalidRequest',
      code: 'InvalidRequest',
    },
  },
  408: {
    RequestTimeout: 'Your socket connection to the server was not read from or written to within the timeout period.',
  },
  409: {
    KeyAlreadyExists: { message: 'The resource already exists', error: 'Duplicate' },
    ResourceAlreadyExists: { message: 'The resource already exists', error: 'Duplicate' },
    BucketAlreadyExists: { message: 'The resource already exists', error: 'Duplicate' },
    BucketNotEmpty: { message: 'The bucket you tried to delete is not empty', code: 'ResourceNotEmpty' },
    ConflictException: 'The vector bucket or index already exists',
    TransactionError: 'transaction conflict',
    FeatureNotEnabled: {
      message: 'The feature is not enabled for this resource',
      error: 'InvalidRequest',
      code: 'InvalidRequest',
    },
    UnableToEmptyBucket: {
      message: 'Unable to empty the bucket because it contains too many objects',
      error: 'InvalidRequest',
      code: 'InvalidRequest',
    },
  },
  412: {
    PreconditionFailed: 'At least one of the preconditions you specified did not hold.',
  },
  413: {
    EntityTooLarge: { message: 'The object exceeded the maximum allowed size', error: 'Payload too large' },
  },
  415: {
    InvalidMimeType: { message: 'mime type is not supported', error: 'invalid_mime_type' },
  },
  416: {
    InvalidRange: { message: 'invalid range provided', error: 'invalid_range', wire: 416 },
  },
  423: {
    ResourceLocked: 'The resource is locked',
  },
  429: {
    SlowDown: { message: 'Too many connections issued to the database', error: 'too_many_connections', wire: 429 },
  },
  499: {
    Aborted: { message: 'The client closed the request', code: 'AbortedTerminate' },
  },
  500: {
    InternalError: { message: 'Internal Server Error', error: 'Internal' },
    DatabaseError: 'database error',
    ImageFailed: { message: 'Internal error', error: 'InternalError', code: 'InternalError' },
  },
  501: {
    NotImplemented: 'A header you provided implies functionality that is not implemented',
  },
  503: {
    LockTimeout: { message: 'acquiring lock timeout', error: 'acquiring_lock_timeout' },
    StorageUnavailable: { message: 'The storage backend is unavailable', code: 'SlowDown', wire: 503 },
  },
  507: {
    DiskFull: { message: 'There is no space left to store the object', code: 'InternalError', wire: 507 },
  },
  544: {
    DatabaseTimeout: { message: 'The connection to the database timed out', wire: 544 },
  },
});

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
  // What poolers say of connections they do not let in.
  'Authentication error',
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
