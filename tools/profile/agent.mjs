// Loaded into the profiled program by `--import`. SIGUSR2 begins a CPU profile, the next SIGUSR2 ends it and writes it to
// the file that PROFILE_FILE names.
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 250 });

let running = false;
process.on('SIGUSR2', async () => {
  if (!running) {
    running = true;
    await session.post('Profiler.start');
    return;
  }
  running = false;
  const { profile } = await session.post('Profiler.stop');
  // Whoever waits for the file must not find half of it.
  writeFileSync(`${process.env.PROFILE_FILE}.part`, JSON.stringify(profile));
  renameSync(`${process.env.PROFILE_FILE}.part`, process.env.PROFILE_FILE);
});
