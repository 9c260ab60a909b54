import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { rules } from './rules.ts';

/** One import that a wall forbids. */
export interface Breach {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** What a look at the imports of a tree found. */
export interface Survey {
  readonly breaches: readonly Breach[];
  /** TypeScript modules examined, by path from the root of the tree. */
  readonly modules: readonly string[];
  /** Imports of all of them together; 0 would mean that TypeScript was not understood. */
  readonly imports: number;
}

/**
 * Reads all imports of a tree (types included) and holds them against the rules.
 *
 * @param root a folder laid out like the repository: `src`, `test`, package.json
 */
export async function survey(root: string): Promise<Survey> {
  const folders = ['src', 'test', 'bench', 'examples', 'studio/src'].filter((name) => existsSync(join(root, name)));
  const { output } = await cruise(
    folders,
    {
      baseDir: root,
      ruleSet: { forbidden: rules },
      validate: true,
      // Imports of types count too; TypeScript marks them `type-only`, a second parse of its output adds nothing.
      tsPreCompilationDeps: true,
      skipAnalysisNotInRules: true,
      doNotFollow: { path: 'node_modules' },
      // Functions are Deno's: what they import is resolved by it.
      exclude: { path: ['^examples/[^/]+/data/', '^examples/functions/'] },
      combinedDependencies: false,
    },
    { conditionNames: ['source', 'import', 'types', 'node', 'default'], exportsFields: ['exports'] },
  );
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with a text');
  const result: ICruiseResult = output;
  const modules = result.modules.filter(
    ({ source }) => /^[^.].*\.tsx?$/.test(source) && !source.includes('node_modules'),
  );
  return {
    breaches: result.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
    modules: modules.map(({ source }) => source),
    imports: modules.reduce((sum, { dependencies }) => sum + dependencies.length, 0),
  };
}
