/** What a worker tells, as its own modules send it; see `wire/worker/control.ts`. */
export type WorkerEvent =
  | { readonly t: 'ready' }
  | { readonly t: 'failed'; readonly kind: 'error' | 'no-handler'; readonly message: string }
  | { readonly t: 'log'; readonly level: LogLevel; readonly text: string; readonly request?: string }
  | { readonly t: 'waiting'; readonly count: number }
  | { readonly t: 'unloaded' };

/** Levels of the original's log events. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** What a line of a worker's output is. */
export type WorkerOutput = { readonly event: WorkerEvent } | { readonly text: string };

const levels: readonly string[] = ['debug', 'info', 'warning', 'error'];

/** Characters of a line of plain output at most; longer ones come in pieces. */
export const longestLine = 32_768;

/** Characters of an event at most. What is longer is no event: workers cut theirs. */
const longestEvent = 8 * longestLine;

/** Characters of a request's id at most. */
const longestId = 128;

/**
 * Takes a worker's output apart: marked lines are events, the rest is what the function printed past `console`. Bytes may
 * come in pieces of any size.
 */
export function createOutputReader(
  marker: string,
  onOutput: (output: WorkerOutput) => void,
): {
  write(chunk: Buffer): void;
  end(): void;
} {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let pending = '';

  function line(text: string): void {
    const at = text.indexOf(marker);
    const printed = at < 0 ? text : text.slice(0, at);
    for (let from = 0; from < printed.length; from += longestLine)
      onOutput({ text: printed.slice(from, from + longestLine) });
    if (at < 0) return;
    const event = eventOf(text.slice(at + marker.length));
    if (event) onOutput({ event });
  }

  return {
    write(chunk) {
      const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n');
      pending = lines.pop() ?? '';
      for (const each of lines) line(each);
      if (pending.length > longestEvent) {
        line(pending);
        pending = '';
      }
    },
    end() {
      if (pending !== '') line(pending);
      pending = '';
    },
  };
}

/** An event's text, checked: a function may find out the marker and write what it likes. */
function eventOf(text: string): WorkerEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { t, kind, message, level, text: logged, count, request } = value as Readonly<Record<string, unknown>>;
  if (t === 'ready' || t === 'unloaded') return { t };
  if (t === 'waiting' && typeof count === 'number' && count >= 0) return { t, count };
  if (t === 'log' && typeof logged === 'string' && levels.includes(String(level)))
    return {
      t,
      level: level as LogLevel,
      text: logged,
      ...(typeof request === 'string' && request.length <= longestId && { request }),
    };
  if (t === 'failed' && typeof message === 'string')
    return { t, kind: kind === 'no-handler' ? 'no-handler' : 'error', message };
  return undefined;
}
