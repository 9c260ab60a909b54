import { setPriority } from 'node:os';
import { hashSync, verify } from '@node-rs/bcrypt';

// The bcrypt library called directly, at the priority the product gives it: prints checks a second.
const [concurrency = 1, milliseconds = 1_000] = process.argv.slice(2).map(Number);
setPriority(5);
const stored = hashSync('correct horse', { cost: 10, version: '2a' });
const started = performance.now();
let checked = 0;
async function loop(): Promise<void> {
  while (performance.now() - started < milliseconds) {
    await verify('correct horse', stored);
    checked++;
  }
}
await Promise.all(Array.from({ length: concurrency }, loop));
process.stdout.write(`${(checked / (performance.now() - started)) * 1_000}\n`);
