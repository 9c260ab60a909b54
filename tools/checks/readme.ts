import { roomNames } from './rooms.ts';
import type { Check } from './tree.ts';

/** The README's table of services has a row for every room there is. */
export const readmeTable: Check = (tree) => {
  if (!tree.exists('README.md')) return ['there is no README.md'];
  const rows = [...tree.read('README.md').matchAll(/^\|\s*\[?`?([a-z]+)`?\]?/gm)].map((match) => match[1]);
  return roomNames(tree)
    .filter((room) => !rows.includes(room))
    .map((room) => `README.md has no row for the service ${room}`);
};
