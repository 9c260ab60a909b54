import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { type Assets, chooseCoding } from '../core/assets.ts';
import { studioError } from '../errors.ts';

/** Headers of everything the dashboard sends. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
} as const;

// The SQL editor brings its styles by script; they carry the page's nonce.
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** The page of the dashboard, the same for every address: which part of it is shown the browser decides. */
export function pageRoute(assets: () => Assets | undefined) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const built = assets();
    if (!built) throw studioError('not_built');
    const nonce = randomBytes(16).toString('base64url');
    return reply
      .headers(safeHeaders)
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policyOf(nonce))
      .header('cache-control', 'no-store')
      .send(built.page.replaceAll('__NONCE__', nonce));
  };
}

/** `GET /assets/:name`: a file of the dashboard, for ever, since its name changes with its content. */
export function assetRoute(assets: () => Assets | undefined) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { name } = request.params as { readonly name: string };
    const asset = assets()?.files.get(name);
    if (!asset) throw studioError('not_found');
    const coding = chooseCoding(request.headers['accept-encoding'], asset.sizes);
    const ending = { br: '.br', gzip: '.gz', identity: '' }[coding];
    const file = await open(asset.path + ending).catch((error: NodeJS.ErrnoException) => {
      // A build that goes on this moment has taken it away.
      throw error.code === 'ENOENT' ? studioError('not_found') : error;
    });
    const { size } = await file.stat();
    void reply
      .headers(safeHeaders)
      .type(asset.type)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('vary', 'accept-encoding')
      .header('content-length', size);
    if (coding !== 'identity') void reply.header('content-encoding', coding);
    return reply.send(file.createReadStream());
  };
}
