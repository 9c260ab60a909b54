import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from '#kernel/log';
import { parseJsonLog } from './jsonlog.ts';
import { createTail, type Tail } from './tail.ts';

const log = createLogger({ level: 'silent', redact: (text) => text });
const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tail-'));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function tailOf(folder: string, lines: string[]): Tail {
  const positionFile = join(folder, 'state', 'position');
  return createTail({ folder, positionFile, interval: 60_000, onLine: (line) => lines.push(line), log });
}

test('each line is given on once and whole, over changes of the file and new starts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.record({
            kind: fc.constant('write' as const),
            text: fc.stringMatching(/^[a-zäöü]{0,60}$/),
            ends: fc.boolean(),
          }),
          fc.constant({ kind: 'read' as const }),
          fc.constant({ kind: 'change' as const }),
          fc.constant({ kind: 'restart' as const }),
        ),
        { maxLength: 25 },
      ),
      async (steps) => {
        const folder = newFolder();
        const seen: string[] = [];
        const written: string[] = [];
        let part = '';
        let number = 1;
        const path = () => join(folder, `log-${String(number).padStart(3, '0')}.json`);
        writeFileSync(path(), '');
        let tail = tailOf(folder, seen);
        await tail.start();
        for (const step of steps) {
          if (step.kind === 'write') {
            part += step.text;
            appendFileSync(path(), step.ends ? `${step.text}\n` : step.text);
            if (!step.ends) continue;
            if (part !== '') written.push(part);
            part = '';
          } else if (step.kind === 'read') await tail.read();
          else if (step.kind === 'change') {
            // A server ends its lines before it changes files.
            if (part !== '') continue;
            number++;
            writeFileSync(path(), '');
          } else {
            await tail.stop();
            tail = tailOf(folder, seen);
            await tail.start();
          }
        }
        await tail.stop();
        expect(seen).toEqual(written);
      },
    ),
    {
      numRuns: 25,
      examples: [
        [[{ kind: 'write', text: 'a', ends: false }, { kind: 'restart' }, { kind: 'write', text: '', ends: true }]],
      ],
    },
  );
});

test('what was there before the first start is not told; a file that was emptied is read anew', async () => {
  const folder = newFolder();
  const path = join(folder, 'log.json');
  writeFileSync(path, 'old\n');
  const seen: string[] = [];
  const tail = tailOf(folder, seen);
  await tail.start();
  appendFileSync(path, 'new\n');
  await tail.read();
  writeFileSync(path, 'anew\n'.slice(0, 2));
  await tail.read();
  appendFileSync(path, 'ew\n');
  await tail.stop();
  expect(seen).toEqual(['new', 'anew']);
});

test('a folder that is not there yet is no failure', async () => {
  const folder = join(newFolder(), 'later');
  const seen: string[] = [];
  const tail = tailOf(folder, seen);
  await tail.start();
  await tail.read();
  await tail.stop();
  expect(seen).toEqual([]);
});

test('fields of jsonlog get the names of the original’s events', () => {
  const line = JSON.stringify({
    timestamp: '2026-11-26 08:00:00.123 UTC',
    user: 'app',
    dbname: 'postgres',
    pid: 15,
    remote_host: '10.0.0.1',
    session_id: 'a.b',
    state_code: '42P01',
    error_severity: 'ERROR',
    message: 'relation "x" does not exist',
    statement: 'select * from x',
    backend_type: 'client backend',
  });
  expect(parseJsonLog(line)).toEqual({
    room: 'postgres',
    at: Date.UTC(2026, 10, 26, 8, 0, 0, 123),
    message: 'relation "x" does not exist',
    fields: {
      user_name: 'app',
      database_name: 'postgres',
      process_id: 15,
      connection_from: '10.0.0.1',
      session_id: 'a.b',
      sql_state_code: '42P01',
      error_severity: 'ERROR',
      query: 'select * from x',
      backend_type: 'client backend',
    },
  });
  for (const broken of ['{"timestamp":', 'null', '1', '{}', '[]']) expect(parseJsonLog(broken)).toBeUndefined();
});
