import { boolean, bytes, duration, integer, json, list, oneOf, type SettingsOf, string, url } from '#kernel/config';

/** The storage room's settings; names and defaults are those of the compose file and of Supabase Storage. */
export const storageSettings = {
  jwtSecret: string({
    name: 'JWT_SECRET',
    original: ['AUTH_JWT_SECRET', 'PGRST_JWT_SECRET'],
    aliases: ['SUPABASE_JWT_SECRET'],
    secret: true,
    help: 'Shared secret of all tokens (HS256); signed URLs are signed with it, too.',
  }),
  jwtJwks: json<
    { readonly keys: readonly Record<string, unknown>[] },
    { readonly name: 'JWT_JWKS'; readonly secret: true; readonly help: string }
  >({
    name: 'JWT_JWKS',
    secret: true,
    help: 'JWK set whose keys tokens may be signed with, besides the shared secret.',
    check: (value) => {
      if (!Array.isArray((value as { keys?: unknown } | null)?.keys))
        throw new Error('must be a JWK set: {"keys":[…]}');
      return value as { readonly keys: readonly Record<string, unknown>[] };
    },
  }),
  jwtCacheEntries: integer({
    name: 'STORAGE_JWT_CACHE_ENTRIES',
    default: 1_000,
    max: 1_000_000,
    help: 'Verified tokens remembered.',
  }),
  anonKey: string({
    name: 'ANON_KEY',
    help: 'Key of role anon; it is the secret of S3 requests that are made with a session token.',
  }),
  databaseUrl: string({
    name: 'STORAGE_DATABASE_URL',
    alone: ['DATABASE_URL'],
    secret: true,
    help: 'Database of storage, when it is another than that of the stack: a postgres:// URL.',
  }),
  poolSize: integer({
    name: 'STORAGE_DB_POOL',
    original: ['DATABASE_MAX_CONNECTIONS'],
    default: 20,
    min: 2,
    max: 1_000,
    help: 'Database connections at most.',
  }),
  poolQueue: integer({
    name: 'STORAGE_DB_QUEUE',
    default: 2_000,
    min: 1,
    max: 100_000,
    help: 'Requests that may wait for one of them; the next is answered 429.',
  }),
  connectionTimeout: duration({
    name: 'DATABASE_CONNECTION_TIMEOUT',
    bare: 'ms',
    default: 10_000,
    min: 100,
    help: 'Time a request may wait for a connection (544 afterwards).',
  }),
  statementTimeout: duration({
    name: 'DATABASE_STATEMENT_TIMEOUT',
    bare: 'ms',
    default: 30_000,
    min: 100,
    help: 'Time a statement of storage may take (544 afterwards).',
  }),
  tenantId: string({
    name: 'STORAGE_TENANT_ID',
    original: ['PROJECT_REF', 'TENANT_ID'],
    default: 'stub',
    pattern: [/^[\w-]{1,64}$/, 'must be letters, digits, _ and -'],
    help: 'Name of the project: part of where content lies, and the S3 access key of requests with a session token.',
  }),
  region: string({
    name: 'REGION',
    original: ['STORAGE_S3_REGION', 'SERVER_REGION'],
    aliases: ['SUPABASE_STORAGE_REGION'],
    default: 'stub',
    help: 'Region of the S3 endpoint, and of the S3 server behind the s3 backend.',
  }),
  publicUrl: url({
    name: 'STORAGE_PUBLIC_URL',
    protocols: ['http', 'https'],
    help: 'Base URL of storage as clients see it; Location headers and S3 signatures count from here. Default: from the request.',
  }),
  backend: oneOf({
    name: 'STORAGE_BACKEND',
    values: ['file', 's3'],
    default: 'file',
    help: 'Where content lies: a folder, or any S3-compatible server.',
  }),
  filePath: string({
    name: 'STORAGE_FILE_BACKEND_PATH',
    original: ['FILE_STORAGE_BACKEND_PATH'],
    help: 'Folder of the file backend; default is storage below VOLUMES_DIR.',
  }),
  s3Bucket: string({
    name: 'GLOBAL_S3_BUCKET',
    original: ['STORAGE_S3_BUCKET'],
    aliases: ['SUPABASE_S3_BUCKET'],
    default: 'stub',
    help: 'Bucket of the S3 server that holds all content; with the file backend the name of a folder.',
  }),
  s3Endpoint: url({
    name: 'GLOBAL_S3_ENDPOINT',
    original: ['STORAGE_S3_ENDPOINT'],
    protocols: ['http', 'https'],
    help: 'Address of the S3 server; default is that of AWS in the region.',
  }),
  s3PathStyle: boolean({
    name: 'GLOBAL_S3_FORCE_PATH_STYLE',
    original: ['STORAGE_S3_FORCE_PATH_STYLE'],
    default: false,
    help: 'Put the bucket in the path and not in the host name; most servers but AWS need it.',
  }),
  s3AccessKeyId: string({
    name: 'AWS_ACCESS_KEY_ID',
    secret: true,
    help: 'Key of the S3 server behind the s3 backend; default is what the AWS SDK finds.',
  }),
  s3SecretAccessKey: string({ name: 'AWS_SECRET_ACCESS_KEY', secret: true, help: 'Its secret.' }),
  s3MaxSockets: integer({
    name: 'GLOBAL_S3_MAX_SOCKETS',
    original: ['STORAGE_S3_MAX_SOCKETS'],
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Connections to the S3 server at most.',
  }),
  s3PartSize: bytes({
    name: 'STORAGE_S3_UPLOAD_PART_SIZE',
    default: 8 * 1024 ** 2,
    min: 5 * 1024 ** 2,
    max: 1024 ** 3,
    help: 'Size of a part of an upload to the S3 server; this much is in memory for each upload, twice while parts overlap.',
  }),
  s3ClientTimeout: duration({
    name: 'STORAGE_S3_CLIENT_TIMEOUT',
    bare: 'ms',
    default: 60_000,
    min: 1_000,
    help: 'Time the S3 server may be silent.',
  }),
  fileSizeLimit: bytes({
    name: 'FILE_SIZE_LIMIT',
    original: ['UPLOAD_FILE_SIZE_LIMIT'],
    default: 52_428_800,
    help: 'Size of an object at most; buckets can have lower limits.',
  }),
  fileSizeLimitStandard: bytes({
    name: 'FILE_SIZE_LIMIT_STANDARD_UPLOAD',
    original: ['UPLOAD_FILE_SIZE_LIMIT_STANDARD'],
    default: 0,
    help: 'A lower limit for uploads that cannot be resumed; 0 is none.',
  }),
  bodyLimit: bytes({
    name: 'STORAGE_BODY_LIMIT',
    default: 4 * 1024 ** 2,
    min: 1_024,
    max: 256 * 1024 ** 2,
    help: 'Size of a request that is no upload (JSON, XML) at most.',
  }),
  manyNames: integer({
    name: 'STORAGE_MANY_NAMES',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'Names in one request to delete or to sign many objects at most.',
  }),
  idleTimeout: duration({
    name: 'STORAGE_IDLE_TIMEOUT',
    default: 60_000,
    min: 100,
    help: 'Time a client may send or take nothing while content is transferred (408, or the end of the connection).',
  }),
  userMetadataLimit: bytes({
    name: 'STORAGE_USER_METADATA_LIMIT',
    default: 1024 ** 2,
    max: 64 * 1024 ** 2,
    help: 'Size of the metadata a user may give an object.',
  }),
  signedUploadExpiry: integer({
    name: 'SIGNED_UPLOAD_URL_EXPIRATION_TIME',
    original: ['UPLOAD_SIGNED_URL_EXPIRATION_TIME'],
    default: 7_200,
    min: 1,
    help: 'Seconds a URL for uploading is good for.',
  }),
  signedUrlMaxExpiry: integer({
    name: 'STORAGE_SIGNED_URL_MAX_EXPIRY',
    default: 10 * 365 * 86_400,
    min: 1,
    help: 'Seconds a signed URL may be good for at most.',
  }),
  emptyBucketMax: integer({
    name: 'STORAGE_EMPTY_BUCKET_MAX',
    default: 200_000,
    min: 1,
    help: 'Objects of a bucket that may be emptied in one go.',
  }),
  etagHeaders: list({
    name: 'REQUEST_ETAG_HEADERS',
    default: ['if-none-match'],
    help: 'Request headers that may hold an ETag to compare with.',
  }),
  responseSMaxAge: integer({
    name: 'RESPONSE_S_MAXAGE',
    default: 0,
    help: 'Seconds a shared cache may keep an answer that was asked for with an ETag; 0 says nothing about it.',
  }),
  allowForwardedPath: boolean({
    name: 'REQUEST_ALLOW_X_FORWARDED_PATH',
    default: true,
    help: 'Believe X-Forwarded-Prefix; the gateway sets it, and removes it from everybody but trusted proxies.',
  }),
  tusUrlPath: string({
    name: 'TUS_URL_PATH',
    default: '/upload/resumable',
    pattern: [/^\//, 'must begin with /'],
    help: 'Path of resumable uploads in Location headers.',
  }),
  tusExpiry: duration({
    name: 'TUS_URL_EXPIRY_MS',
    bare: 'ms',
    default: 86_400_000,
    min: 1_000,
    help: 'Time after which a resumable upload that is not complete is given up.',
  }),
  tusLockTimeout: duration({
    name: 'STORAGE_TUS_LOCK_TIMEOUT',
    default: 10_000,
    min: 100,
    help: 'Time a request waits for another one of the same upload to end (423 afterwards).',
  }),
  tusMaxConcurrent: integer({
    name: 'TUS_MAX_CONCURRENT_UPLOADS',
    default: 500,
    min: 1,
    max: 100_000,
    help: 'Requests of resumable uploads being received at a time; the next is answered 429.',
  }),
  s3ProtocolEnabled: boolean({ name: 'S3_PROTOCOL_ENABLED', default: true, help: 'Serve the S3 protocol below /s3.' }),
  s3ProtocolPrefix: string({
    name: 'S3_PROTOCOL_PREFIX',
    default: '',
    help: 'Path before /s3 that clients put into their signatures; the prefix that the gateway removes counts besides.',
  }),
  s3KeyId: string({
    name: 'S3_PROTOCOL_ACCESS_KEY_ID',
    secret: true,
    help: 'Access key of the S3-compatible endpoint.',
  }),
  s3KeySecret: string({ name: 'S3_PROTOCOL_ACCESS_KEY_SECRET', secret: true, help: 'Its secret.' }),
  s3EnforceRegion: boolean({
    name: 'S3_PROTOCOL_ENFORCE_REGION',
    default: false,
    help: 'Accept signatures for REGION alone, and not for auto and us-east-1 besides.',
  }),
  s3AllowForwarded: boolean({
    name: 'S3_ALLOW_FORWARDED_HEADER',
    default: false,
    help: 'Take the host of S3 signatures from Forwarded.',
  }),
  s3HostHeader: string({
    name: 'S3_PROTOCOL_NON_CANONICAL_HOST_HEADER',
    help: 'Header that holds the host clients signed with, where a proxy changes Host.',
  }),
  s3ClockSkew: duration({
    name: 'STORAGE_S3_CLOCK_SKEW',
    default: 900_000,
    min: 1_000,
    help: 'How far the date of a signature may be from now.',
  }),
  imageTransformation: boolean({
    name: 'ENABLE_IMAGE_TRANSFORMATION',
    original: ['IMAGE_TRANSFORMATION_ENABLED', 'STORAGE_IMAGE_TRANSFORMATION'],
    default: true,
    help: 'Serve transformed images (render/image).',
  }),
  imageMinSize: integer({
    name: 'IMG_LIMITS_MIN_SIZE',
    original: ['IMAGE_TRANSFORMATION_LIMIT_MIN_SIZE'],
    default: 1,
    help: 'Smallest width and height of a transformed image.',
  }),
  imageMaxSize: integer({
    name: 'IMG_LIMITS_MAX_SIZE',
    original: ['IMAGE_TRANSFORMATION_LIMIT_MAX_SIZE'],
    default: 2_000,
    help: 'Largest width and height of a transformed image.',
  }),
  cdnPurgeUrl: url({
    name: 'CDN_PURGE_ENDPOINT_URL',
    protocols: ['http', 'https'],
    help: 'Where a CDN is told to forget an object.',
  }),
  cdnPurgeKey: string({ name: 'CDN_PURGE_ENDPOINT_KEY', secret: true, help: 'Bearer key for it.' }),
  version: string({
    name: 'STORAGE_VERSION',
    alone: ['VERSION'],
    default: '1.70.0',
    help: 'What GET /version answers.',
  }),
  retention: duration({
    name: 'STORAGE_RETENTION',
    default: 7 * 86_400_000,
    help: 'Time content stays on disk after its object was deleted, overwritten or moved; it bounds how far back a restored database finds all files.',
  }),
  abandonedAfter: duration({
    name: 'STORAGE_ABANDONED_AFTER',
    default: 86_400_000,
    min: 1_000,
    help: 'Time after which content of an upload that never ended is removed; longer than any upload takes.',
  }),
  orphanAge: duration({
    name: 'STORAGE_ORPHAN_AGE',
    default: 60_000,
    help: 'Age below which content that belongs to nothing is passed over by `storage verify` and `storage gc`: it may just be on its way.',
  }),
  janitorInterval: duration({
    name: 'STORAGE_JANITOR_INTERVAL',
    default: 60_000,
    min: 100,
    help: 'Time between two looks for content that may be removed.',
  }),
  janitorBatch: integer({
    name: 'STORAGE_JANITOR_BATCH',
    default: 500,
    min: 1,
    max: 10_000,
    help: 'Contents removed in one transaction of the janitor.',
  }),
};

/** The storage room's parsed settings. */
export type StorageSettings = SettingsOf<typeof storageSettings>;
