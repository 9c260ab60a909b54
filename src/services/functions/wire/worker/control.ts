import { type DenoNamespace, deno } from './deno.ts';

/** What a worker tells the program that started it. */
export type WorkerEvent =
  | { readonly t: 'ready' }
  | { readonly t: 'failed'; readonly kind: 'error' | 'no-handler'; readonly message: string }
  | { readonly t: 'log'; readonly level: string; readonly text: string; readonly request?: string }
  /** Promises given to `waitUntil` that are not settled. */
  | { readonly t: 'waiting'; readonly count: number }
  | { readonly t: 'unloaded' };

/** What it is told. */
export type WorkerCommand =
  | { readonly t: 'unload'; readonly reason: string }
  | { readonly t: 'drain' }
  | { readonly t: 'exit' };

/** The two pipes between a worker and its program. */
export interface Control {
  send(event: WorkerEvent): void;
  /** Puts something into the function's log. */
  report(level: 'warning' | 'error', text: string): void;
  /** Ends the process; `Deno.exit` does nothing for user code. */
  exit(code: number): void;
}

/**
 * Events go out as lines of standard output, marked so that nothing a function prints is taken for one; written at once,
 * so that the last words before a crash arrive. Commands come in by standard input; its end means that the program is
 * gone, and the worker goes too.
 */
export function openControl(marker: string, onCommand: (command: WorkerCommand) => void): Control {
  const encoder = new TextEncoder();
  const stdout = deno.stdout;
  const write = stdout.writeSync.bind(stdout);
  const exit = deno.exit.bind(deno);
  const input = deno.stdin;
  void listen(input.read.bind(input), onCommand).finally(() => exit(0));
  function send(event: WorkerEvent): void {
    const bytes = encoder.encode(`${marker}${JSON.stringify(event)}\n`);
    try {
      for (let sent = 0; sent < bytes.length; ) sent += write(bytes.subarray(sent));
    } catch {
      exit(0);
    }
  }
  return { send, report: (level, text) => send({ t: 'log', level, text }), exit };
}

/** Bytes of input taken at once. */
const portion = 4_096;

// Read by hand: to make a stream of it takes 4 ms of each start.
async function listen(
  read: DenoNamespace['stdin']['read'],
  onCommand: (command: WorkerCommand) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(portion);
  let pending = '';
  for (let size = await read(buffer); size !== null; size = await read(buffer)) {
    pending += decoder.decode(buffer.subarray(0, size), { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) onCommand(JSON.parse(line) as WorkerCommand);
  }
}
