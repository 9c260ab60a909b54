#!/usr/bin/env node
import cluster from 'node:cluster';
import type { Channel } from './app/workers/messages.ts';
import { runCommandLine } from './cli/run.ts';

// The only file that touches argv, the environment and signals.
const stopSignal = new Promise<string>((resolve) => {
  let asked: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      asked ??= performance.now();
      // A second signal is an order, not a request. One that comes at once is the same again: npm passes on what the
      // terminal has sent to all.
      if (performance.now() - asked > 500) process.exit(130);
      resolve(signal);
    });
  }
});

const channel: Channel = {
  send: (message, sent) => void process.send?.(message, undefined, undefined, sent),
  onMessage: (listener) => void process.on('message', listener),
};

try {
  process.exitCode = await runCommandLine({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stopSignal,
    onSignal: (signal, listener) => void process.on(signal, listener),
    ...(cluster.isWorker && { channel }),
    out: (text) => console.log(text),
    err: (text) => console.error(text),
  });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// Commands leave nothing running; an open handle must not keep a finished program alive, nor lose what was printed.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
