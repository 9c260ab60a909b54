import type { Check } from './tree.ts';

const sections = ['Context', 'Decision', 'Consequence'];

/** Decision records are numbered from 0001 without gaps, and each says why, what and at which price. */
export const decisionRecords: Check = (tree) => {
  const records = tree.list('docs/decisions').filter((name) => name !== 'README.md');
  const problems = records.length === 0 ? ['docs/decisions holds no record'] : [];
  records.forEach((name, index) => {
    const number = String(index + 1).padStart(4, '0');
    const path = `docs/decisions/${name}`;
    if (!new RegExp(`^${number}-[a-z0-9-]+\\.md$`).test(name)) problems.push(`${path} should be number ${number}`);
    const text = tree.read(path);
    for (const section of sections)
      if (!new RegExp(`^## ${section}$`, 'm').test(text)) problems.push(`${path} has no section "${section}"`);
  });
  return problems;
};

/** The changelog exists and has an entry for the version in package.json, or for what is yet unreleased. */
export const changelog: Check = (tree) => {
  if (!tree.exists('CHANGELOG.md')) return ['there is no CHANGELOG.md'];
  const { version } = JSON.parse(tree.read('package.json')) as { version: string };
  const headings = [...tree.read('CHANGELOG.md').matchAll(/^## (\S+)/gm)].map((match) => match[1]);
  return headings.includes(version) || headings.includes('Unreleased')
    ? []
    : [`CHANGELOG.md has an entry neither for ${version} nor for Unreleased`];
};
