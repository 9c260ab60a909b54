import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareExtensionDirectory } from '../../sql/extension-directory.ts';

/**
 * The product's folder of SQL-only extensions, with control and script files in `extension/`. It is the same number of
 * steps up from the sources and from the compiled files.
 */
const ownExtensionsDir = fileURLToPath(new URL('../../../../../extensions', import.meta.url));

const builder = fileURLToPath(new URL(`../../sql/extension-directory${extname(import.meta.url)}`, import.meta.url));

/**
 * Builds the folder of all extensions, the server's and ours, unless it stands there already, made from the same files.
 *
 * @param target gets a folder `extension`, readable by everybody whatever the umask says
 * @param shareDir the server's folder that holds `extension`
 */
export async function ensureExtensions(target: string, shareDir: string): Promise<void> {
  const stamp = join(target, 'made-from.json');
  const sources = JSON.stringify([shareDir, join(shareDir, 'extension'), builder, ...ownFiles()].map(fingerprint));
  if (readStamp(stamp) === sources) return;
  await prepareExtensionDirectory(target, shareDir, ownExtensionsDir);
  openToAll(target);
  writeFileSync(stamp, sources);
}

function ownFiles(): string[] {
  const folder = join(ownExtensionsDir, 'extension');
  return readdirSync(folder).map((file) => join(folder, file));
}

function fingerprint(path: string): readonly [string, number, number] {
  const { mtimeMs, size } = statSync(path);
  return [path, mtimeMs, size];
}

function readStamp(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, 0o644);
  }
}
