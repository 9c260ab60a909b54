import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionDefinition } from '../project/definition.ts';
import { importArguments } from './command.ts';
import type { WorkerPlace } from './place.ts';
import { bringRegistries } from './registries.ts';
import { importsIn, runDeno } from './run-deno.ts';

/** The globals that Deno's own types lack. */
const globals = `declare namespace EdgeRuntime {
  function waitUntil<T>(promise: Promise<T>): Promise<T>;
}
declare namespace Supabase {
  namespace ai {
    class Session {
      constructor(model: string);
      // deno-lint-ignore no-explicit-any
      run(input: unknown, options?: Record<string, unknown>): Promise<any>;
    }
  }
}
`;

/** Functions that bring types of those globals name this file of the official client. */
const ownGlobals = 'edge-runtime.d.ts';

/**
 * Checks types of functions with Deno, as the workers' user; what was right is not checked again until it changes.
 *
 * @param root folder of all functions
 * @param env variables for Deno: registries, certificates, proxies
 * @param timeout milliseconds for one check, downloads included
 * @returns of a function, what Deno says is wrong, or undefined
 */
export function createTypeCheck(
  place: () => WorkerPlace,
  root: string,
  env: Readonly<Record<string, string>>,
  timeout: number,
): (definition: FunctionDefinition) => Promise<string | undefined> {
  /** Revisions by name. */
  const right = new Map<string, string>();

  async function check(definition: FunctionDefinition): Promise<string | undefined> {
    const { deno, cacheFolder, home, mirror, runFolder, user } = place();
    const mirrored = mirror?.lend(definition);
    const folder = mkdtempSync(join(runFolder, 'c'));
    try {
      const checked = mirrored?.definition ?? definition;
      const files = [checked.entry];
      if (!(await readFile(checked.entry, 'utf8')).includes(ownGlobals)) {
        files.push(join(folder, 'globals.d.ts'));
        writeFileSync(join(folder, 'globals.d.ts'), globals);
      }
      const imports = importArguments(await importsIn(checked, folder));
      if (user) chownSync(folder, user.uid, user.gid);
      const args = ['check', '--quiet', '--no-lock', '--node-modules-dir=none', '--allow-import', ...imports, ...files];
      const hasRegistries = await bringRegistries(definition, root, folder, user);
      const denoHome = hasRegistries ? folder : home;
      const forDeno = { ...env, DENO_DIR: cacheFolder, HOME: denoHome, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
      await runDeno(deno, args, forDeno, { cwd: folder, user, timeout });
      return undefined;
    } catch (error) {
      const { message } = error as Error;
      return mirrored === undefined ? message : message.replaceAll(mirrored.folder, root);
    } finally {
      mirrored?.release();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  return async (definition) => {
    if (right.get(definition.name) === definition.revision) return undefined;
    const problem = await check(definition);
    if (problem === undefined) right.set(definition.name, definition.revision);
    return problem;
  };
}
