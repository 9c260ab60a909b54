import { boolean, bytes, decimal, duration, integer, list, type SettingsOf, string, url } from '#kernel/config';

/** The imgproxy room's settings; names are imgproxy's, defaults those of the compose file where it sets any. */
export const imgproxySettings = {
  pathPrefix: string({ name: 'IMGPROXY_PATH_PREFIX', default: '', help: 'What all paths begin with.' }),
  healthCheckPath: string({ name: 'IMGPROXY_HEALTH_CHECK_PATH', help: 'Another path that answers like `/health`.' }),
  separator: string({
    name: 'IMGPROXY_ARGUMENTS_SEPARATOR',
    default: ':',
    help: 'Between an option and its arguments.',
  }),
  key: list({
    name: 'IMGPROXY_KEY',
    default: [],
    secret: true,
    help: 'Keys of URL signatures in hex; any pair of key and salt may match. Without one, URLs need no signature.',
  }),
  salt: list({ name: 'IMGPROXY_SALT', default: [], secret: true, help: 'Salts in hex, as many as keys.' }),
  signatureSize: integer({
    name: 'IMGPROXY_SIGNATURE_SIZE',
    default: 32,
    min: 1,
    max: 32,
    help: 'Bytes of a signature that count.',
  }),
  trustedSignatures: list({
    name: 'IMGPROXY_TRUSTED_SIGNATURES',
    default: [],
    secret: true,
    help: 'Texts that pass for a signature.',
  }),
  secret: string({
    name: 'IMGPROXY_SECRET',
    secret: true,
    help: 'What requests have to carry as `Authorization: Bearer`.',
  }),
  allowOrigin: string({ name: 'IMGPROXY_ALLOW_ORIGIN', help: 'Origin named in the CORS headers.' }),
  localRoot: string({
    name: 'IMGPROXY_LOCAL_FILESYSTEM_ROOT',
    help: 'Folder of `local://` sources. Unset: there are none.',
  }),
  useS3: boolean({
    name: 'IMGPROXY_USE_S3',
    default: false,
    help: 'Serve `s3://bucket/key` sources, from AWS or any server of that protocol.',
  }),
  s3Region: string({ name: 'IMGPROXY_S3_REGION', default: 'us-east-1', help: 'Region of the S3 server.' }),
  s3Endpoint: url({
    name: 'IMGPROXY_S3_ENDPOINT',
    protocols: ['http', 'https'],
    help: 'Address of the S3 server; default is that of AWS in the region.',
  }),
  s3PathStyle: boolean({
    name: 'IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE',
    default: true,
    help: 'Put the bucket in the path and not in the host name.',
  }),
  s3AllowedBuckets: list({
    name: 'IMGPROXY_S3_ALLOWED_BUCKETS',
    default: [],
    help: 'Buckets that sources may be in. Empty: all that the key opens.',
  }),
  s3DeniedBuckets: list({
    name: 'IMGPROXY_S3_DENIED_BUCKETS',
    default: [],
    help: 'Buckets that sources may not be in.',
  }),
  s3KeyId: string({
    name: 'AWS_ACCESS_KEY_ID',
    secret: true,
    help: 'Key for `s3://` sources; without one they are asked for as anybody.',
  }),
  s3KeySecret: string({ name: 'AWS_SECRET_ACCESS_KEY', secret: true, help: 'Its secret.' }),
  s3SessionToken: string({ name: 'AWS_SESSION_TOKEN', secret: true, help: 'Its session token, where it has one.' }),
  allowedSources: list({
    name: 'IMGPROXY_ALLOWED_SOURCES',
    default: [],
    help: 'What sources may begin with; `*` stands for anything but a slash. Empty: all.',
  }),
  allowLoopback: boolean({
    name: 'IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES',
    default: false,
    help: 'Lets sources be on this machine.',
  }),
  allowLinkLocal: boolean({
    name: 'IMGPROXY_ALLOW_LINK_LOCAL_SOURCE_ADDRESSES',
    default: false,
    help: 'Lets sources have link-local addresses, where clouds hand out credentials.',
  }),
  allowPrivate: boolean({
    name: 'IMGPROXY_ALLOW_PRIVATE_SOURCE_ADDRESSES',
    default: false,
    help: 'Lets sources be in private networks; true where imgproxy runs alone.',
  }),
  baseUrl: string({
    name: 'IMGPROXY_BASE_URL',
    default: '',
    help: 'What sources are completed with, unless they begin with it.',
  }),
  urlReplacements: string({
    name: 'IMGPROXY_URL_REPLACEMENTS',
    default: '',
    help: 'Rewrites of sources: `pattern=replacement;…` with `*` for anything but a slash and `**` for anything.',
  }),
  base64IncludesFilename: boolean({
    name: 'IMGPROXY_BASE64_URL_INCLUDES_FILENAME',
    default: false,
    help: 'The last part of a Base64 source is a file name for readers.',
  }),
  userAgent: string({ name: 'IMGPROXY_USER_AGENT', default: 'imgproxy/3.30.1', help: 'Sent to sources.' }),
  maxRedirects: integer({
    name: 'IMGPROXY_MAX_REDIRECTS',
    default: 10,
    max: 100,
    help: 'Redirects followed to a source, each checked again.',
  }),
  downloadTimeout: duration({
    name: 'IMGPROXY_DOWNLOAD_TIMEOUT',
    default: 5_000,
    min: 1,
    help: 'Time for a source to arrive.',
  }),
  timeout: duration({
    name: 'IMGPROXY_TIMEOUT',
    default: 10_000,
    min: 1,
    help: 'Time for a result to be made, waiting included (503 beyond).',
  }),
  workers: integer({
    name: 'IMGPROXY_WORKERS',
    original: ['IMGPROXY_CONCURRENCY'],
    default: 0,
    max: 1_024,
    help: "Transformations at a time; 0 is one for each processor, and in any case one fewer than Node's thread pool has threads.",
  }),
  downloads: integer({
    name: 'STACK_IMAGE_SOURCES_AT_ONCE',
    default: 16,
    min: 1,
    max: 1_024,
    help: 'Sources held in memory at a time.',
  }),
  queueSize: integer({
    name: 'IMGPROXY_REQUESTS_QUEUE_SIZE',
    default: 1_000,
    max: 100_000,
    help: 'Requests waiting at most (429 beyond); 0 is 100000.',
  }),
  cacheSize: bytes({
    name: 'STACK_IMAGE_CACHE_SIZE',
    default: 512 * 1024 ** 2,
    help: 'Size of the cache of results on disk; 0 turns it off.',
  }),
  cacheFolder: string({
    name: 'STACK_IMAGE_CACHE_FOLDER',
    help: 'Folder of that cache; default is `imgproxy` in VOLUMES_DIR.',
  }),
  maxSrcResolution: decimal({
    name: 'IMGPROXY_MAX_SRC_RESOLUTION',
    default: 50,
    min: 0.000001,
    max: 1_000,
    help: 'Megapixels of a source at most, all frames of an animation together.',
  }),
  maxSrcFileSize: bytes({
    name: 'IMGPROXY_MAX_SRC_FILE_SIZE',
    default: 50 * 1024 ** 2,
    max: 1024 ** 3,
    help: 'Bytes of a source at most; 0 is 1 GB.',
  }),
  maxAnimationFrames: integer({
    name: 'IMGPROXY_MAX_ANIMATION_FRAMES',
    default: 1,
    min: 1,
    max: 10_000,
    help: 'Frames of an animation that are kept; 1 makes animations still.',
  }),
  maxAnimationFrameResolution: decimal({
    name: 'IMGPROXY_MAX_ANIMATION_FRAME_RESOLUTION',
    default: 0,
    max: 1_000,
    help: 'Megapixels of one frame at most; above 0 it replaces the bound on all frames together.',
  }),
  maxResultDimension: integer({
    name: 'IMGPROXY_MAX_RESULT_DIMENSION',
    default: 0,
    max: 100_000,
    help: 'Pixels of a side of a result at most; larger ones are made smaller. 0 is no bound but that on pixels.',
  }),
  maxSvgCheckBytes: bytes({
    name: 'IMGPROXY_MAX_SVG_CHECK_BYTES',
    default: 32 * 1024,
    max: 1024 ** 2,
    help: 'How far the root element of an SVG is looked for.',
  }),
  allowSecurityOptions: boolean({
    name: 'IMGPROXY_ALLOW_SECURITY_OPTIONS',
    default: false,
    help: 'Lets URLs change the bounds on sources.',
  }),
  allowedOptions: list({
    name: 'IMGPROXY_ALLOWED_PROCESSING_OPTIONS',
    default: [],
    help: 'Options that URLs may name. Empty: all.',
  }),
  presets: string({
    name: 'IMGPROXY_PRESETS',
    default: '',
    help: '`name=option:value/…` of each preset; the one called `default` is applied to all.',
  }),
  presetsSeparator: string({ name: 'IMGPROXY_PRESETS_SEPARATOR', default: ',', help: 'Between presets.' }),
  onlyPresets: boolean({
    name: 'IMGPROXY_ONLY_PRESETS',
    default: false,
    help: 'URLs name presets and nothing else.',
  }),
  quality: integer({ name: 'IMGPROXY_QUALITY', default: 80, min: 1, max: 100, help: 'Quality of results.' }),
  formatQuality: list({
    name: 'IMGPROXY_FORMAT_QUALITY',
    default: ['webp=79', 'avif=63', 'jxl=77'],
    help: 'Quality by format, `format=quality`.',
  }),
  jpegProgressive: boolean({ name: 'IMGPROXY_JPEG_PROGRESSIVE', default: false, help: 'Progressive JPEG.' }),
  pngInterlaced: boolean({ name: 'IMGPROXY_PNG_INTERLACED', default: false, help: 'Interlaced PNG.' }),
  pngQuantize: boolean({ name: 'IMGPROXY_PNG_QUANTIZE', default: false, help: 'PNG with a palette.' }),
  pngColors: integer({
    name: 'IMGPROXY_PNG_QUANTIZATION_COLORS',
    default: 256,
    min: 2,
    max: 256,
    help: 'Colours of that palette.',
  }),
  avifSpeed: integer({
    name: 'IMGPROXY_AVIF_SPEED',
    default: 8,
    max: 9,
    help: 'From 0 (slow and small) to 9.',
  }),
  webpEffort: integer({ name: 'IMGPROXY_WEBP_EFFORT', default: 4, min: 0, max: 6, help: 'From 0 to 6 (small).' }),
  stripMetadata: boolean({ name: 'IMGPROXY_STRIP_METADATA', default: true, help: 'Leaves metadata out of results.' }),
  keepCopyright: boolean({
    name: 'IMGPROXY_KEEP_COPYRIGHT',
    default: true,
    help: 'Keeps artist and copyright all the same.',
  }),
  stripColorProfile: boolean({
    name: 'IMGPROXY_STRIP_COLOR_PROFILE',
    default: true,
    help: 'Converts to sRGB and leaves the colour profile out.',
  }),
  autoRotate: boolean({ name: 'IMGPROXY_AUTO_ROTATE', default: true, help: 'Turns images as their EXIF data says.' }),
  returnAttachment: boolean({
    name: 'IMGPROXY_RETURN_ATTACHMENT',
    default: false,
    help: 'Answers as downloads.',
  }),
  autoWebp: boolean({
    name: 'IMGPROXY_AUTO_WEBP',
    original: ['IMGPROXY_ENABLE_WEBP_DETECTION'],
    default: true,
    help: 'WebP for clients that take it, unless the URL names a format; false where imgproxy runs alone.',
  }),
  enforceWebp: boolean({
    name: 'IMGPROXY_ENFORCE_WEBP',
    default: false,
    help: 'WebP for clients that take it, whatever the URL names.',
  }),
  autoAvif: boolean({
    name: 'IMGPROXY_AUTO_AVIF',
    original: ['IMGPROXY_ENABLE_AVIF_DETECTION'],
    default: false,
    help: 'AVIF for clients that take it, unless the URL names a format.',
  }),
  enforceAvif: boolean({
    name: 'IMGPROXY_ENFORCE_AVIF',
    default: false,
    help: 'AVIF for clients that take it, whatever the URL names.',
  }),
  preferredFormats: list({
    name: 'IMGPROXY_PREFERRED_FORMATS',
    default: ['jpeg', 'png', 'gif'],
    help: 'Formats of results when nobody names one.',
  }),
  skipFormats: list({
    name: 'IMGPROXY_SKIP_PROCESSING_FORMATS',
    default: [],
    help: 'Formats of sources that are answered as they are.',
  }),
  sanitizeSvg: boolean({
    name: 'IMGPROXY_SANITIZE_SVG',
    default: true,
    help: 'Takes scripts out of SVG.',
  }),
  maxSvgSize: bytes({
    name: 'STACK_IMAGE_MAX_SVG_SIZE',
    default: 8 * 1024 ** 2,
    max: 64 * 1024 ** 2,
    help: 'Bytes of an SVG that is answered as SVG, at most.',
  }),
  rasterizeSvg: boolean({
    name: 'IMGPROXY_ALWAYS_RASTERIZE_SVG',
    default: false,
    help: 'SVG becomes pixels even where no format is named.',
  }),
  ttl: duration({ name: 'IMGPROXY_TTL', default: 31_536_000_000, help: 'How long clients may keep results.' }),
  cacheControlPassthrough: boolean({
    name: 'IMGPROXY_CACHE_CONTROL_PASSTHROUGH',
    default: false,
    help: "Hands the source's Cache-Control and Expires on.",
  }),
  setCanonicalHeader: boolean({
    name: 'IMGPROXY_SET_CANONICAL_HEADER',
    default: false,
    help: 'Names the source in a Link header.',
  }),
  useEtag: boolean({
    name: 'IMGPROXY_USE_ETAG',
    default: true,
    help: 'ETag, and 304 for clients that have the result; false where imgproxy runs alone.',
  }),
  etagBuster: string({ name: 'IMGPROXY_ETAG_BUSTER', default: '', help: 'Changing it changes all ETags.' }),
  useLastModified: boolean({
    name: 'IMGPROXY_USE_LAST_MODIFIED',
    default: false,
    help: "The source's Last-Modified, and 304 for clients that have that.",
  }),
  watermarkData: string({ name: 'IMGPROXY_WATERMARK_DATA', help: 'The watermark in Base64.' }),
  watermarkPath: string({ name: 'IMGPROXY_WATERMARK_PATH', help: 'File of the watermark.' }),
  watermarkUrl: url({ name: 'IMGPROXY_WATERMARK_URL', protocols: ['http', 'https'], help: 'URL of the watermark.' }),
  watermarkOpacity: decimal({
    name: 'IMGPROXY_WATERMARK_OPACITY',
    default: 1,
    max: 1,
    help: 'Multiplies the opacity that URLs ask for.',
  }),
  fallbackData: string({
    name: 'IMGPROXY_FALLBACK_IMAGE_DATA',
    help: 'In Base64: the image that takes the place of sources that cannot be had.',
  }),
  fallbackPath: string({ name: 'IMGPROXY_FALLBACK_IMAGE_PATH', help: 'File of that image.' }),
  fallbackUrl: url({
    name: 'IMGPROXY_FALLBACK_IMAGE_URL',
    protocols: ['http', 'https'],
    help: 'URL of that image.',
  }),
  fallbackStatus: integer({
    name: 'IMGPROXY_FALLBACK_IMAGE_HTTP_CODE',
    default: 200,
    max: 599,
    help: 'Status of answers with it; 0 is that of the failure.',
  }),
  debugHeaders: boolean({
    name: 'IMGPROXY_ENABLE_DEBUG_HEADERS',
    default: false,
    help: 'X-Origin-* and X-Result-*: sizes of source and result.',
  }),
  developmentErrors: boolean({
    name: 'IMGPROXY_DEVELOPMENT_ERRORS_MODE',
    default: false,
    help: 'Answers say exactly what is wrong.',
  }),
};

/** The imgproxy room's parsed settings. */
export type ImgproxySettings = SettingsOf<typeof imgproxySettings>;

/** Defaults in imgproxy's place, where this stack's own differ. */
export const originalImgproxyDefaults: Partial<ImgproxySettings> = {
  allowPrivate: true,
  autoWebp: false,
  useEtag: false,
};
