import type { Finding } from './data.ts';

/** Findings of one kind. */
export interface FindingGroup {
  readonly name: string;
  readonly title: string;
  readonly level: Finding['level'];
  readonly description: string;
  readonly findings: readonly Finding[];
}

/** Findings of a category by what they are, in the order they came. */
export function groupFindings(findings: readonly Finding[], category: Finding['categories'][number]): FindingGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (!finding.categories.includes(category)) continue;
    const group = groups.get(finding.name);
    if (group) group.push(finding);
    else groups.set(finding.name, [finding]);
  }
  return [...groups].map(([name, members]) => {
    const [{ title, level, description }] = members as [Finding];
    return { name, title, level, description, findings: members };
  });
}

/** How many there are of each level, in words; empty where there is none. */
export function countLevels(findings: readonly Finding[]): string {
  const words: Readonly<Record<Finding['level'], string>> = { ERROR: 'error', WARN: 'warning', INFO: 'note' };
  return (['ERROR', 'WARN', 'INFO'] as const)
    .map((level) => ({ word: words[level], count: findings.filter((each) => each.level === level).length }))
    .filter(({ count }) => count > 0)
    .map(({ word, count }) => `${count} ${word}${count === 1 ? '' : 's'}`)
    .join(', ');
}
