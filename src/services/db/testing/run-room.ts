import { ownRoom } from './own-room.ts';

// A process of its own around one room, for tests that kill it. Usage: run-room.ts FOLDER, settings in the environment.
// With ROOM_BACKGROUND it does the work behind the extensions, too.
const [folder] = process.argv.slice(2);
const given = Object.entries(process.env).filter(([name]) => /^(POSTGRES_|STACK_DB_|VOLUMES_DIR)/.test(name));
const own = await ownRoom(folder as string, Object.fromEntries(given) as Record<string, string>);
try {
  await own.start();
  if (process.env.ROOM_BACKGROUND) await own.room.api.background.start(new AbortController().signal);
  const { socketDir, port } = own.room.api;
  console.log(JSON.stringify({ socketDir, port, lines: own.lines }));
} catch (error) {
  const { name, message } = error as Error;
  console.log(JSON.stringify({ error: { name, message } }));
  process.exit(1);
}
process.once('SIGTERM', () => {
  own.room.api.background
    .stop()
    .then(() => own.room.stop())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
