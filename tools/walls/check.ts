import { fileURLToPath } from 'node:url';
import { survey } from './cruise.ts';
import { rules } from './rules.ts';

const { breaches, modules, imports } = await survey(fileURLToPath(new URL('../..', import.meta.url)));
for (const { rule, from, to } of breaches) {
  const comment = rules.find(({ name }) => name === rule)?.comment;
  console.error(`${rule}: ${from} → ${to}${comment ? ` (${comment})` : ''}`);
}
console.log(`${modules.length} modules, ${imports} imports, ${breaches.length} breaches`);
process.exitCode = breaches.length > 0 ? 1 : 0;
