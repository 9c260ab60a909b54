import type { Check, Tree } from './tree.ts';

const requiredParts = ['README.md', 'index.ts'];
const allowedFiles = new Set([...requiredParts, 'settings.ts', 'errors.ts', 'ports.ts', 'create.ts']);
const allowedFolders = new Set(['routes', 'core', 'sql', 'wire', 'testing']);

/** Every room has the one shape: it may lack a part, but never adds another. */
export const rooms: Check = (tree) => roomNames(tree).flatMap((room) => [...shape(tree, room), ...door(tree, room)]);

/** The names of the rooms that hold any file. */
export function roomNames(tree: Tree): string[] {
  const found = tree.files.map((path) => /^src\/services\/([^/]+)\//.exec(path)?.[1]);
  return [...new Set(found.filter((name) => name !== undefined))];
}

function shape(tree: Tree, room: string): string[] {
  const base = `src/services/${room}`;
  const missing = requiredParts.filter((part) => !tree.exists(`${base}/${part}`));
  const parts = tree.files.filter((path) => path.startsWith(`${base}/`)).map((path) => path.slice(base.length + 1));
  const strange = parts.filter((part) => {
    const [first, ...rest] = part.split('/') as [string, ...string[]];
    return rest.length > 0 ? !allowedFolders.has(first) : !allowedFiles.has(first) && !first.endsWith('.test.ts');
  });
  return [
    ...missing.map((part) => `${base} has no ${part}`),
    ...strange.map((part) => `${base}/${part} is no part of a room`),
  ];
}

function door(tree: Tree, room: string): string[] {
  const { imports = {} } = JSON.parse(tree.read('package.json')) as { imports?: Record<string, unknown> };
  const problems: string[] = [];
  if (!imports[`#services/${room}`]) problems.push(`package.json has no door #services/${room}`);
  const face = `src/services/${room}/index.ts`;
  if (tree.exists(face) && /^export (?!\{|type \{|\* from)|^import /m.test(tree.read(face)))
    problems.push(`${face} does more than re-export`);
  return problems;
}
