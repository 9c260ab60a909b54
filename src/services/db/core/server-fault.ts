import { StartupError } from '#kernel/errors';

/** Where the server lives, for messages. */
export interface FaultContext {
  readonly dataDir: string;
  readonly port: number;
}

/** What server and initdb say when something of the operator's has to change, and which setting that is. */
const faults: readonly { readonly pattern: RegExp; readonly say: (context: FaultContext) => StartupError }[] = [
  {
    pattern: /Address already in use/i,
    say: ({ port }) => new StartupError(`port ${port} is taken by another program`, 'POSTGRES_PORT'),
  },
  {
    pattern: /could not bind|could not create any TCP\/IP sockets/i,
    say: ({ port }) => new StartupError(`the database may not listen on port ${port}`, 'POSTGRES_PORT'),
  },
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    say: ({ dataDir }) => new StartupError(`the disk of ${dataDir} is full: free some space`, 'VOLUMES_DIR'),
  },
  {
    pattern: /Read-only file system/i,
    say: ({ dataDir }) => new StartupError(`${dataDir} is on a read-only file system`, 'VOLUMES_DIR'),
  },
  {
    pattern: /invalid permissions|wrong ownership/i,
    say: ({ dataDir }) =>
      new StartupError(
        `${dataDir} must belong to the user that runs the database and be closed to others (chmod 0700)`,
        'VOLUMES_DIR',
      ),
  },
  {
    pattern: /incompatible with server|not compatible with this version|initialized by PostgreSQL version/i,
    say: ({ dataDir }) =>
      new StartupError(`${dataDir} was made by another version or build of PostgreSQL`, 'POSTGRES_BIN_DIR'),
  },
  {
    pattern: /Permission denied/i,
    say: ({ dataDir }) => new StartupError(`the database server may not read or write ${dataDir}`, 'VOLUMES_DIR'),
  },
];

/**
 * Turns the last complaints of a server that ended into the one line an operator needs.
 *
 * @param complaints its last messages, those of every start and stop left out
 */
export function explainFault(complaints: readonly string[], context: FaultContext): StartupError {
  for (const { pattern, say } of faults) if (complaints.some((line) => pattern.test(line))) return say(context);
  const last = complaints.slice(-3).join('; ').replaceAll('\n', ' ');
  return new StartupError(
    last === ''
      ? `the database server of ${context.dataDir} ended without a word`
      : `the database server of ${context.dataDir} did not start: ${last}`,
  );
}

/** Whether the server found processes of a killed predecessor still attached to its shared memory. */
export const leftoversRemain = (complaints: readonly string[]): boolean =>
  complaints.some((line) => /pre-existing shared memory block|lock file .* already exists/i.test(line));
