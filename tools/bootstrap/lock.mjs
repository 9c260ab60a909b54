import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock whose owner has given no sign for so long is left over from a crash. In milliseconds. */
const staleAfter = 15_000;

/**
 * Runs `work` while holding a lock file, waiting for another holder first. The file's modification time is a
 * heartbeat, so that a lock left behind by a killed process never blocks, whatever its process id is used for now.
 *
 * @param work gets a function that records the process id of a child. A child that outlives its killed parent still
 *   counts as the holder.
 */
export async function withLock(path, work) {
  let announced = false;
  while (!take(path)) {
    if (isStale(path)) remove(path);
    else {
      if (!announced) console.error('another process is installing or building here; waiting for it …');
      announced = true;
      await sleep(200);
    }
  }
  const beat = setInterval(() => touch(path), staleAfter / 5);
  const release = () => rmSync(path, { force: true });
  let current;
  const onSignal = (signal) => {
    if (current !== undefined) endChild(current);
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await work((child) => {
      current = child;
      writeFileSync(path, content(child));
    });
  } finally {
    clearInterval(beat);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    release();
  }
}

function endChild(pid) {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It ended by itself.
  }
}

function content(child) {
  return JSON.stringify({ pid: process.pid, child, host: hostname() });
}

// Written under another name first: a lock that exists has its content.
function take(path) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, content());
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function isStale(path) {
  try {
    const { pid, child, host } = JSON.parse(readFileSync(path, 'utf8'));
    const local = host === hostname();
    if (local && child !== undefined && /npm|tsc/.test(commandOf(child))) return false;
    return (local && commandOf(pid) === '') || Date.now() - statSync(path).mtimeMs > staleAfter;
  } catch {
    // Gone, or just being rewritten: the next look tells.
    return false;
  }
}

/** The command line of a living process, empty where there is none. */
function commandOf(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return '';
  }
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    // Slim images have no ps.
    return readCommandLine(pid);
  }
}

function readCommandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '?';
  }
}

// Renamed before it is deleted, so that of two who find it stale only one takes it away.
function remove(path) {
  const grave = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, grave);
  } catch {
    return;
  }
  rmSync(grave, { force: true });
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Somebody took the lock away; the work itself is safe to do twice.
  }
}
