import { posix } from 'node:path';
import type { Check, Tree } from './tree.ts';

/** Every relative link in a Markdown file leads to a file, and its fragment to a heading there. */
export const markdownLinks: Check = (tree) =>
  tree.files
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      linksOf(tree.read(path))
        .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
        .flatMap((target) => problemWith(tree, path, target)),
    );

function problemWith(tree: Tree, from: string, target: string): string[] {
  const [file = '', fragment] = target.split('#');
  const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURI(file)));
  if (path.startsWith('..') || !tree.exists(path)) return [`${from} links to ${target}, which does not exist`];
  if (fragment === undefined || !path.endsWith('.md')) return [];
  return anchorsOf(tree.read(path)).has(fragment) ? [] : [`${from} links to ${target}, where there is no such heading`];
}

/** The targets of inline links and images, code left out. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map((match) => match[1] as string);
}

/** Fragments as GitHub makes them from headings. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm);
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of headings) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const base = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    anchors.add(count === 0 ? base : `${base}-${count}`);
  }
  return anchors;
}
