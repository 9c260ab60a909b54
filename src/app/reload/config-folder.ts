import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type EnvFile, parseEnvFile, type Sources } from '#kernel/config';

/** Bounds of what a folder of settings may hold. */
const mostFiles = 100;
const mostBytes = 1_048_576;

interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** A file as it might be. */
export interface CandidateFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads the `*.env` files of a folder in the order of their names; folders and other files are passed over.
 *
 * @param candidate is read in place of the file of that name
 * @throws Error when it cannot be read, or holds more than settings ever need
 */
export function readConfigFolder(folder: string, env: Sources['env'], candidate?: CandidateFile): EnvFile[] {
  const path = candidate && join(folder, candidate.name);
  const found = (candidate && !existsSync(folder) ? [] : filesIn(folder)).filter((file) => file.path !== path);
  if (candidate && path !== undefined) found.push({ path, text: candidate.text });
  return found
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => parseEnvFile(file.path, file.text, (name) => env[name]));
}

/** A text that changes when the settings in a folder do, or why they cannot be read. */
export function fingerprintOf(folder: string): string {
  try {
    const hash = createHash('sha256');
    for (const { path, text } of filesIn(folder)) hash.update(JSON.stringify([path, text]));
    return hash.digest('hex');
  } catch (error) {
    return (error as Error).message;
  }
}

function filesIn(folder: string): FoundFile[] {
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.env'))
    .sort()
    .map((name) => join(folder, name))
    // What a link leads to counts: that is how Kubernetes mounts configuration.
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (paths.length > mostFiles) throw new Error(`${folder} has more than ${mostFiles} files of settings`);
  return paths.map((path) => {
    if (statSync(path).size > mostBytes) throw new Error(`${path} has more than ${mostBytes} bytes`);
    return { path, text: readFileSync(path, 'utf8') };
  });
}
