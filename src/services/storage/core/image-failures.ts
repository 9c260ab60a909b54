/** What is wrong with an original, in the engine's words, and in those that clients are told; the first that fits counts. */
const aboutTheSource: readonly (readonly [RegExp, string])[] = [
  [/Source image frame resolution is too big/i, 'The source image frame resolution is too large to process'],
  [/Source image resolution is too big/i, 'The source image resolution is too large to process'],
  [/Source image file is too big/i, 'The source image file is too large to process'],
  [
    /Invalid source image|Source image type not supported|Broken or unsupported/i,
    'The source image is invalid or unsupported for rendering',
  ],
];

/** Other public words of the engine. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^Source (?:image )?is unreachable$/i, 'Unable to download source image'],
  [/^Invalid source(?: URL)?$/i, 'Invalid image source'],
  [/^(?:Invalid|Expired) URL$/i, 'Invalid image request'],
];

/** What a status says where no word is known. */
const byStatus: Readonly<Record<number, string>> = {
  403: 'Image transformation request was rejected',
  404: 'Not found',
  408: 'Image request timed out',
  429: 'Too many requests',
  503: 'Image request timed out',
  504: 'Image request timed out',
};

/**
 * What clients are told of an image that could not be made: one of a few texts, never the engine's own words, which may
 * name files and addresses. What is wrong with the original is 400.
 *
 * @param status the engine's
 * @param reasons its words, the most exact one first
 */
export function toldFailure(status: number, reasons: readonly string[]): { status: number; message: string } {
  const find = (texts: typeof others) => texts.find(([words]) => reasons.some((reason) => words.test(reason)))?.[1];
  const source = find(aboutTheSource);
  if (source !== undefined) return { status: 400, message: source };
  return {
    status,
    message: find(others) ?? byStatus[status] ?? (status < 500 ? 'Invalid image request' : 'Internal error'),
  };
}
