import type { Check } from './tree.ts';

const textual = /\.(ts|tsx|mjs|cjs|js|json|md|sql|sh|ya?ml|toml)$|^\.ci\/|^\.[a-z]+$/;
const machinePath =
  /(?:^|[\s'"`(=:,])(\/(?:work|root|home\/[a-z][\w-]*|Users\/[A-Za-z][\w-]*)\/[\w.-]+|[A-Z]:\\Users\\\w+)/;

/** No file names a folder of the machine it was written on. */
export const machinePaths: Check = (tree) =>
  tree.files
    .filter((path) => textual.test(path) && path !== 'package-lock.json')
    .flatMap((path) =>
      tree
        .read(path)
        .split('\n')
        .flatMap((line, index) => {
          const found = machinePath.exec(line)?.[1];
          return found === undefined ? [] : [`${path}:${index + 1} names ${found}, which only one machine has`];
        }),
    );
