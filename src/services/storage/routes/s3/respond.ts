import type { IncomingMessage } from 'node:http';
import type { ServiceError } from '#kernel/errors';
import { printedCode } from '../../errors.ts';
import { renderXml, type XmlTree } from '../../wire/s3/xml.ts';
import { type Answer, splitUrl } from '../exchange.ts';
import type { ErrorAnswer } from '../route.ts';

const contentType = { 'content-type': 'application/xml' };

/** An answer in XML. */
export const xml = (root: string, tree: XmlTree, headers: Readonly<Record<string, string>> = {}): Answer => ({
  headers: { ...contentType, ...headers },
  text: renderXml(root, tree),
});

/** Codes that AWS has other names for; clients compare with those. */
const awsCodes: Readonly<Record<string, string>> = {
  BucketNotEmpty: 'BucketNotEmpty',
  BucketAlreadyExists: 'BucketAlreadyOwnedByYou',
  DatabaseTimeout: 'SlowDown',
  DiskFull: 'InternalError',
  KeyAlreadyExists: 'PreconditionFailed',
  ResourceAlreadyExists: 'PreconditionFailed',
  NoSuchContent: 'NoSuchKey',
  NoSuchRoute: 'MethodNotAllowed',
};

/** An error as S3 clients read it, with its true status. */
export function asXmlError(error: ServiceError, request: IncomingMessage): ErrorAnswer {
  const [path] = splitUrl(request.url ?? '/');
  const code = awsCodes[error.code] ?? printedCode(error);
  return {
    status: code === 'PreconditionFailed' ? 412 : error.status,
    headers: contentType,
    body: renderXml('Error', { Resource: path.replace(/^\/s3/, ''), Code: code, Message: error.message }, false),
  };
}
