import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedSettings } from './load-settings.ts';
import type { StackInfo } from './stack-info.ts';
import { volumesOf } from './volumes.ts';

/** What a running stack leaves for the other commands. Holds no secret. */
export interface RunFile extends StackInfo {
  readonly pid: number;
}

const pathOf = (settings: LoadedSettings): string => join(volumesOf(settings), 'stack.json');

/** Says where this process serves. */
export function writeRunFile(settings: LoadedSettings, info: StackInfo): void {
  mkdirSync(volumesOf(settings), { recursive: true });
  writeFileSync(pathOf(settings), `${JSON.stringify({ pid: process.pid, ...info }, null, 2)}\n`);
}

/** Takes it back. */
export function forgetRunFile(settings: LoadedSettings): void {
  if (readRunFile(settings)?.pid === process.pid) rmSync(pathOf(settings), { force: true });
}

/** The stack that runs on these settings' data, or undefined when none does (a file left by a killed one included). */
export function readRunFile(settings: LoadedSettings): RunFile | undefined {
  let file: RunFile;
  try {
    file = JSON.parse(readFileSync(pathOf(settings), 'utf8')) as RunFile;
  } catch {
    return undefined;
  }
  return isAlive(file.pid) ? file : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
