import { expect, it } from 'vitest';
import { toldFailure } from './image-failures.ts';

it.each([
  [422, 'Invalid source image', 400, 'The source image is invalid or unsupported for rendering'],
  [422, 'Source image type not supported', 400, 'The source image is invalid or unsupported for rendering'],
  [422, 'Broken or unsupported image', 400, 'The source image is invalid or unsupported for rendering'],
  [422, 'Source image resolution is too big', 400, 'The source image resolution is too large to process'],
  [422, 'Source image frame resolution is too big', 400, 'The source image frame resolution is too large to process'],
  [422, 'Source image file is too big', 400, 'The source image file is too large to process'],
  [404, 'Source image is unreachable', 404, 'Unable to download source image'],
  [504, 'Source image is unreachable', 504, 'Unable to download source image'],
  [404, 'Invalid source URL', 404, 'Invalid image source'],
  [404, 'Invalid URL', 404, 'Invalid image request'],
  [404, 'whatever', 404, 'Not found'],
  [403, 'Forbidden', 403, 'Image transformation request was rejected'],
  [408, '', 408, 'Image request timed out'],
  [429, 'Too many requests', 429, 'Too many requests'],
  [503, 'Gateway Timeout', 503, 'Image request timed out'],
  [422, 'Resulting image format is not supported', 422, 'Invalid image request'],
  [500, '/srv/secret: no such file', 500, 'Internal error'],
])('%i %j is told as %i %j', (status, reason, toldStatus, message) => {
  expect(toldFailure(status, [reason])).toEqual({ status: toldStatus, message });
});

it('the exact reason counts before the general one, and what says nothing is passed over', () => {
  const reasons = ['Source image file is too big', 'Invalid source image'];
  expect(toldFailure(422, reasons).message).toBe('The source image file is too large to process');
  expect(toldFailure(422, ['VipsJpeg: premature end', 'Invalid source image'])).toEqual({
    status: 400,
    message: 'The source image is invalid or unsupported for rendering',
  });
});
