import type { IconName } from '../design/icon.tsx';

/** Something the palette offers. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  /** Words by which it is found besides. */
  readonly words?: string;
  /** Shown at the end of its line. */
  readonly about?: string;
  readonly run: () => void;
}

/** The commands that hold every word of a text; those whose title begins with it come first, then those whose title holds it. */
export function findCommands(commands: readonly Command[], text: string): readonly Command[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return commands;
  const rank = ({ title, words = '' }: Command): number => {
    const inTitle = title.toLowerCase();
    if (!wanted.every((word) => inTitle.includes(word) || words.toLowerCase().includes(word))) return -1;
    if (inTitle.startsWith(wanted.join(' '))) return 0;
    return wanted.every((word) => inTitle.includes(word)) ? 1 : 2;
  };
  return commands
    .map((command) => ({ command, at: rank(command) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ command }) => command);
}
