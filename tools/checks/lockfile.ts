import { missingOptionals } from '../lockfile/complete.mjs';
import type { Check } from './tree.ts';

type Dependencies = Record<string, string>;

interface Manifest {
  readonly dependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
}

/** The lockfile fits package.json, holds the packages of every platform, and names no registry. */
export const lockfile: Check = (tree) => {
  const lock = JSON.parse(tree.read('package-lock.json')) as { packages: Record<string, Manifest & object> };
  const manifest = JSON.parse(tree.read('package.json')) as Manifest;
  const problems: string[] = [];
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const)
    if (JSON.stringify(sorted(manifest[kind])) !== JSON.stringify(sorted(lock.packages['']?.[kind])))
      problems.push(`package-lock.json was not made from the ${kind} of package.json`);
  for (const { name } of missingOptionals(lock))
    problems.push(`package-lock.json lacks ${name}; \`npm run lockfile\` adds it`);
  for (const [name, entry] of Object.entries(lock.packages))
    if ('resolved' in entry && !('link' in entry)) problems.push(`package-lock.json names a registry for ${name}`);
  return problems;
};

function sorted(dependencies: Dependencies = {}): [string, string][] {
  return Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1));
}
