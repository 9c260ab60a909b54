import { type Check, isCode } from './tree.ts';

const marker = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);

/** Nothing is left for later in a comment: it is done, or it stands in an issue. */
export const unfinished: Check = (tree) =>
  tree.files
    .filter((path) => isCode(path) || path.endsWith('.sql'))
    .flatMap((path) =>
      tree
        .read(path)
        .split('\n')
        .flatMap((line, index) => (marker.test(line) ? [`${path}:${index + 1} leaves something for later`] : [])),
    );
