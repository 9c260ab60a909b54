import { type Check, isCode } from './tree.ts';

// Rooms for everything: what lands there belongs nowhere and is found by nobody.
const forbidden = new Set(['util', 'utils', 'utilities', 'helper', 'helpers', 'common', 'misc']);

/** No folder or file is named after having no topic. */
export const names: Check = (tree) =>
  tree.files
    .filter(isCode)
    .filter((path) => path.split(/[/._-]/).some((word) => forbidden.has(word.toLowerCase())))
    .map((path) => `${path} has a name that says nothing; name it after its topic`);
