import { type Check, isCode } from './tree.ts';

/** Lines a code file may have. */
export const lineLimit = 600;

/**
 * Files that are longer, with the lines they may have. An entry may only shrink, and goes when the file is short enough.
 */
export const exceptions: Readonly<Record<string, number>> = {};

/** Creates the check. @param allowed path → lines, for tests */
export function fileSize(allowed: Readonly<Record<string, number>> = exceptions): Check {
  return (tree) => {
    const problems: string[] = [];
    const lengths = new Map(tree.files.filter(isCode).map((path) => [path, lineCount(tree.read(path))]));
    for (const [path, lines] of lengths) {
      const limit = allowed[path] ?? lineLimit;
      if (lines > limit) problems.push(`${path} has ${lines} lines, more than ${limit}`);
    }
    for (const [path, limit] of Object.entries(allowed)) {
      const lines = lengths.get(path) ?? 0;
      if (lines <= lineLimit) problems.push(`${path} no longer needs its exception; take it off the list`);
      else if (lines < limit) problems.push(`${path} shrank to ${lines} lines; let its exception shrink with it`);
    }
    return problems;
  };
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}
