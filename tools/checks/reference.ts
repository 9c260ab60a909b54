import { referencePages } from '../docs/reference.ts';
import type { Check } from './tree.ts';

/** The generated pages say what the source says: every setting and every error code, and none that does not exist. */
export const reference: Check = async (tree) => {
  const pages = await referencePages(tree.root);
  return [...pages]
    .filter(([path, text]) => !tree.exists(path) || tree.read(path) !== text)
    .map(([path]) => `${path} is out of step with the source; \`npm run docs\` writes it anew`);
};
