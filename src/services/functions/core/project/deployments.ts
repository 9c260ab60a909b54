import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionOptions } from './definition.ts';

/** What is known of a function that was deployed, beside its files. */
export interface Deployment {
  readonly id: string;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** As it was named at its deployment. */
  readonly displayName: string;
  /** Paths are relative to the function's folder. */
  readonly entrypointPath?: string;
  readonly importMapPath?: string;
  readonly verifyJwt?: boolean;
  readonly options: FunctionOptions;
}

const fileName = '.deployments.json';

type Stored = Omit<Deployment, 'options'>;

/** Deployments by name; a file that is missing or damaged counts as none. */
export async function readDeployments(folder: string): Promise<ReadonlyMap<string, Deployment>> {
  let stored: Readonly<Record<string, Stored>>;
  try {
    stored = JSON.parse(await readFile(join(folder, fileName), 'utf8')) as Readonly<Record<string, Stored>>;
  } catch {
    return new Map();
  }
  return new Map(
    Object.entries(stored).map(([name, entry]) => {
      const at = (path: string) => join(folder, name, path);
      const options: FunctionOptions = {
        ...(entry.verifyJwt !== undefined && { verifyJwt: entry.verifyJwt }),
        ...(entry.entrypointPath !== undefined && { entrypoint: at(entry.entrypointPath) }),
        ...(entry.importMapPath !== undefined && { importMap: at(entry.importMapPath) }),
      };
      return [name, { ...entry, options }];
    }),
  );
}

/** Writes all deployments, whole or not at all. */
export function writeDeployments(folder: string, deployments: ReadonlyMap<string, Deployment>): void {
  mkdirSync(folder, { recursive: true });
  const stored = Object.fromEntries([...deployments].map(([name, { options: _options, ...entry }]) => [name, entry]));
  const draft = join(folder, `${fileName}.tmp`);
  writeFileSync(draft, `${JSON.stringify(stored, null, 2)}\n`);
  renameSync(draft, join(folder, fileName));
}
