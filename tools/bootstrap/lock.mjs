import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock whose owner has given no sign for so long is left over from a crash. In milliseconds. */
const staleAfter = 15_000;

/**
 * Runs `work` while holding a lock file, waiting for another holder first. The file's modification time is a
 * heartbeat, so that a lock left behind by a killed process never blocks, whatever its process id is used for now.
 */
export async function withLock(path, work) {
  const owner = JSON.stringify({ pid: process.pid, host: hostname() });
  let announced = false;
  while (!take(path, owner)) {
    if (isStale(path)) remove(path);
    else {
      if (!announced) console.error('another process is installing or building here; waiting for it …');
      announced = true;
      await sleep(200);
    }
  }
  const beat = setInterval(() => touch(path), staleAfter / 5);
  const release = () => rmSync(path, { force: true });
  const onSignal = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    release();
  }
}

// Written under another name first: a lock that exists has its content.
function take(path, owner) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, owner);
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
    if (Date.now() - statSync(path).mtimeMs > staleAfter) return true;
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8'));
    return host === hostname() && !isAlive(pid);
  } catch (error) {
    return error instanceof SyntaxError;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
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
