import { type Check, isCode } from './tree.ts';

const constant = /\bconst \w*lock(?:Key)? = ([\d_]+)\b/gi;
const literal = /\bpg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared)?\((\d[\d_]*(?:, *\d+)?)\)/g;

/**
 * The number of an advisory lock stands in one file only. Such locks are the whole database's: two that have the same wait
 * for each other without a reason, or for ever.
 */
export const advisoryLocks: Check = (tree) => {
  const places = new Map<string, Set<string>>();
  for (const path of tree.files.filter(
    (each) => each.startsWith('src/') && isCode(each) && !each.endsWith('.test.ts'),
  )) {
    const text = tree.read(path);
    for (const [, number] of [...text.matchAll(constant), ...text.matchAll(literal)]) {
      const key = (number as string).replaceAll('_', '').replace(/, */, ', ');
      places.set(key, (places.get(key) ?? new Set()).add(path));
    }
  }
  return [...places]
    .filter(([, paths]) => paths.size > 1)
    .map(([key, paths]) => `${[...paths].join(' and ')} take the advisory lock ${key}; each needs a number of its own`);
};
