import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemUser } from '#kernel/system';
import type { FunctionDefinition } from '../project/definition.ts';
import { importsOfPackage } from '../project/package-imports.ts';
import type { importArguments } from './command.ts';

/** What bare imports of a function mean; where its `package.json` says it, an import map is written into `folder`. */
export async function importsIn(
  definition: FunctionDefinition,
  folder: string,
): Promise<Parameters<typeof importArguments>[0]> {
  const { imports } = definition;
  if (imports?.kind !== 'package') return imports && { kind: imports.kind, path: imports.path };
  const path = join(folder, 'imports.json');
  writeFileSync(path, JSON.stringify(importsOfPackage(await readFile(imports.path, 'utf8'))));
  return { kind: 'import-map', path };
}

/** Where and as whom Deno runs; else as and where the program does, for as long as it takes. */
export interface RunOptions {
  readonly cwd: string;
  readonly user: SystemUser | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Runs Deno to its end. @returns what it printed @throws Error with that where it failed or took too long */
export function runDeno(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options?: RunOptions,
): Promise<string> {
  const { user, ...limits } = options ?? {};
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      ...limits,
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString('utf8')).slice(-longestOutput);
      });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output.trim());
      else reject(new Error(output.trim() || `${program} ended with ${code ?? signal}`));
    });
  });
}

/** Characters of output that are kept. */
const longestOutput = 65_536;
