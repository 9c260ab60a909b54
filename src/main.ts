#!/usr/bin/env node
import { runCommandLine } from './cli/run.ts';

// The only file that touches argv, the environment and signals.
const stopSignal = new Promise<string>((resolve) => {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal is an order, not a request.
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    });
  }
});

try {
  process.exitCode = await runCommandLine({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stopSignal,
    out: (text) => console.log(text),
    err: (text) => console.error(text),
  });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// Commands leave nothing running; an open handle must not keep a finished program alive, nor lose what was printed.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
