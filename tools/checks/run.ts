import { fileURLToPath } from 'node:url';
import { advisoryLocks } from './advisory-locks.ts';
import { docComments } from './doc-comments.ts';
import { fileSize } from './file-size.ts';
import { lockfile } from './lockfile.ts';
import { machinePaths } from './machine-paths.ts';
import { markdownLinks } from './markdown.ts';
import { moduleState } from './module-state.ts';
import { names } from './names.ts';
import { readmeTable } from './readme.ts';
import { changelog, decisionRecords } from './records.ts';
import { reference } from './reference.ts';
import { rooms } from './rooms.ts';
import { type Check, openTree } from './tree.ts';
import { unfinished } from './unfinished.ts';

const checks: Readonly<Record<string, Check>> = {
  'file size': fileSize(),
  names,
  rooms,
  'doc comments': docComments,
  'module state': moduleState,
  unfinished,
  'advisory locks': advisoryLocks,
  'machine paths': machinePaths,
  lockfile,
  readme: readmeTable,
  changelog,
  'decision records': decisionRecords,
  'markdown links': markdownLinks,
  reference,
};

const tree = openTree(fileURLToPath(new URL('../..', import.meta.url)));
let failures = 0;
for (const [name, check] of Object.entries(checks)) {
  const problems = await check(tree);
  for (const problem of problems) console.error(`${name}: ${problem}`);
  failures += problems.length;
}
console.log(`${tree.files.length} files, ${Object.keys(checks).length} checks, ${failures} problems`);
process.exitCode = failures > 0 ? 1 : 0;
