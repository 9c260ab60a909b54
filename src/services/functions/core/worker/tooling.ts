import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { lchown, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FunctionDefinition } from '../project/definition.ts';
import { importsOfPackage } from '../project/package-imports.ts';
import { importArguments } from './command.ts';
import { openPlace, type PlaceOptions } from './place.ts';

/** Deno's own tools on one function. */
export interface Tooling {
  /** Fetches what a function imports, so that it starts without a network. @returns what Deno printed @throws Error with it */
  cache(definition: FunctionDefinition): Promise<string>;
  /** Writes a function with all it imports into one file. @throws Error with what Deno printed */
  bundle(definition: FunctionDefinition, target: string): Promise<string>;
}

/** @param env variables for Deno: registries, certificates, proxies */
export function createTooling(options: PlaceOptions, env: Readonly<Record<string, string>>): Tooling {
  async function run(
    definition: FunctionDefinition,
    command: readonly string[],
    last: readonly string[],
  ): Promise<string> {
    const place = openPlace(options);
    const folder = mkdtempSync(join(tmpdir(), 'functions-tool-'));
    try {
      const imports = await importsIn(definition, folder);
      const args = [
        ...command,
        '--quiet',
        '--no-lock',
        '--node-modules-dir=none',
        ...importArguments(imports),
        ...last,
      ];
      // The cache belongs to the workers' user. Sources are the caller's, who may read them where workers may not.
      const output = await execute(place.deno, args, {
        ...env,
        DENO_DIR: place.cacheFolder,
        HOME: place.home,
        NO_COLOR: '1',
      });
      if (place.user) await handOver(place.cacheFolder, place.user.uid, place.user.gid);
      return output;
    } finally {
      rmSync(folder, { recursive: true, force: true });
      rmSync(place.runFolder, { recursive: true, force: true });
    }
  }
  return {
    cache: (definition) => run(definition, ['cache', '--allow-import'], [definition.entry]),
    bundle(definition, target) {
      mkdirSync(dirname(target), { recursive: true });
      return run(definition, ['bundle', '--allow-import', '--platform=deno'], ['--output', target, definition.entry]);
    },
  };
}

async function importsIn(
  definition: FunctionDefinition,
  folder: string,
): Promise<Parameters<typeof importArguments>[0]> {
  const { imports } = definition;
  if (imports?.kind !== 'package') return imports && { kind: imports.kind, path: imports.path };
  const path = join(folder, 'imports.json');
  writeFileSync(path, JSON.stringify(importsOfPackage(await readFile(imports.path, 'utf8'))));
  return { kind: 'import-map', path };
}

function execute(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString('utf8')).slice(-longestOutput);
      });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output.trim());
      else reject(new Error(output.trim() || `${program} ended with ${code}`));
    });
  });
}

/** Characters of output that are kept. */
const longestOutput = 65_536;

async function handOver(folder: string, uid: number, gid: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await lchown(join(entry.parentPath, entry.name), uid, gid);
}
