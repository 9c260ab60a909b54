import type { Tree } from './tree.ts';

/** A tree out of texts, for the tests of checks. */
export function treeOf(texts: Readonly<Record<string, string>>): Tree {
  const files = Object.keys(texts).sort();
  return {
    root: '/nowhere',
    files,
    read: (path) => {
      const text = texts[path];
      if (text === undefined) throw new Error(`${path} does not exist`);
      return text;
    },
    exists: (path) => files.some((file) => file === path || file.startsWith(`${path}/`)),
    list: (folder) => {
      const below = files.filter((file) => file.startsWith(`${folder}/`));
      return [...new Set(below.map((file) => file.slice(folder.length + 1).split('/')[0] as string))];
    },
  };
}
