import type { Check } from './tree.ts';

// The formatter indents everything that is inside something, so a line that begins with it is the module's own.
const changeable =
  /^(?:export )?(?:let|var) |^(?:export )?const \w+(?:: [^=]+)? = (?:new (?:Map|Set|Array)\b[^(]*\(\)|\[\]|\{\});/;

/** No module keeps state: a stack is an object, and two of them may live in one process. */
export const moduleState: Check = (tree) =>
  tree.files
    .filter((path) => path.startsWith('src/') && path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) =>
      tree
        .read(path)
        .split('\n')
        .flatMap((line, index) =>
          changeable.test(line) && !/: (?:readonly |Readonly)/.test(line)
            ? [`${path}:${index + 1} keeps state in the module`]
            : [],
        ),
    );
