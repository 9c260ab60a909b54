import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the dashboard with its compressed copies. Its name holds a digest of its content. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  /** Bytes of each copy there is, by content coding. */
  readonly sizes: Readonly<Partial<Record<Coding, number>>>;
}

/** Content codings of copies; `identity` is the file itself. */
export type Coding = 'br' | 'gzip' | 'identity';

/** The built dashboard: names and sizes of its files, whose contents stay on disk, and its one page. */
export interface Assets {
  readonly files: ReadonlyMap<string, Asset>;
  /** The page, with `__NONCE__` where a nonce belongs. */
  readonly page: string;
}

/** Where `npm run build` puts the dashboard of this clone. */
export const builtFolder = fileURLToPath(new URL('../../../../studio/dist/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
  png: 'image/png',
};

/**
 * What there is to serve, looked at anew when the dashboard has been built in the meantime: the page names the files of its
 * own build. @returns undefined where the dashboard is not built
 */
export function createAssets(folder: string): () => Assets | undefined {
  let seen: string | undefined;
  let known: Assets | undefined;
  return () => {
    const built = [join(folder, 'index.html'), join(folder, 'assets')].map((path) =>
      statSync(path, { throwIfNoEntry: false }),
    );
    const now = built.map((stats) => stats?.mtimeMs).join();
    if (now !== seen) {
      try {
        known = built.includes(undefined) ? undefined : readAssets(folder);
        seen = now;
      } catch (error) {
        // A build that begins this moment clears the folder.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        known = undefined;
      }
    }
    return known;
  };
}

function readAssets(folder: string): Assets {
  const page = join(folder, 'index.html');
  const base = join(folder, 'assets');
  const files = new Map<string, Asset>();
  for (const name of readdirSync(base)) {
    const type = types[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) continue;
    const path = join(base, name);
    const size = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.size;
    const [identity, br, gzip] = [size(path), size(`${path}.br`), size(`${path}.gz`)];
    files.set(name, {
      path,
      type,
      sizes: { ...(br && { br }), ...(gzip && { gzip }), ...(identity !== undefined && { identity }) },
    });
  }
  return { files, page: readFileSync(page, 'utf8') };
}

/**
 * The copy to send to somebody who takes certain codings (RFC 9110 §12.5.3): the smallest of those they name, unless
 * they refuse it by `q=0`.
 */
export function chooseCoding(header: string | undefined, sizes: Asset['sizes']): Coding {
  const taken = new Map(
    (header ?? '').split(',').map((part) => {
      const [name = '', ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [name, weight === undefined || Number(weight.slice(2)) > 0] as const;
    }),
  );
  for (const coding of ['br', 'gzip'] as const)
    if (sizes[coding] !== undefined && (taken.get(coding) ?? taken.get('*') ?? false)) return coding;
  return 'identity';
}
