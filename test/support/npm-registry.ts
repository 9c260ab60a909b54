import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const largest = 64 * 1024 ** 2;

interface Packed {
  readonly manifest: { readonly name: string; readonly version: string };
  readonly content: Buffer;
}

/** A registry of the packages that are installed here, each in the one version it has. Anything else is not found. */
export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one, so that what fetches packages can be tested without a network. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const packed = new Map<string, Promise<Packed | undefined>>();
  const find = (name: string) => {
    let found = packed.get(name);
    if (found === undefined) {
      found = pack(name).catch(() => undefined);
      packed.set(name, found);
    }
    return found;
  };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const [name = '', isContent] = path.split('/-/');
    const found = await find(name);
    if (found === undefined) response.writeHead(404).end('{"error":"Not found"}');
    else if (isContent) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(found.content);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(documentOf(found, url)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function pack(name: string): Promise<Packed> {
  const own = createRequire(import.meta.url)
    .resolve.paths(name)
    ?.map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
  if (own === undefined || name === '') throw new Error(`${name} is not installed`);
  const args = ['-czf', '-', '--exclude', 'node_modules', '-C', dirname(own), basename(own)];
  const { stdout } = await run('tar', args, { encoding: 'buffer', maxBuffer: largest });
  return { manifest: JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')), content: stdout };
}

function documentOf({ manifest, content }: Packed, url: string): object {
  const { name, version } = manifest;
  const digest = (algorithm: string) => createHash(algorithm).update(content);
  const dist = {
    tarball: `${url}/${name}/-/${basename(name)}-${version}.tgz`,
    integrity: `sha512-${digest('sha512').digest('base64')}`,
    shasum: digest('sha1').digest('hex'),
  };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
}
