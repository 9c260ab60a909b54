import { StartupError } from '#kernel/errors';
import { type ConnectionOptions, openSession, parseConnectionUrl } from '#kernel/sql';
import {
  configuredDatabase,
  type GenerateOptions,
  generateTypes,
  type Language,
  languages,
  swiftAccesses,
} from '#services/meta';
import { assertUsable, type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import type { Command } from './command.ts';
import { stackDatabase } from './database-connection.ts';

/** `gen types`: the database's types as source code, on standard output. */
export const genCommand: Command = {
  name: 'gen',
  summary: 'gen types: write TypeScript, Go, Swift or Python types of the database',
  help: `usage: pmoves-supabase gen types [${languages.join('|')}] [--schema A,B] [--db-url URL]
         [--swift-access-control ${swiftAccesses.join('|')}] [--postgrest-version V]

Reads the database of the running stack, or the one of --db-url, and prints, for example:
  npx pmoves-supabase gen types typescript > database.types.ts
--schema             schemas to write about; default are those that REST exposes (PGRST_DB_SCHEMAS)
--postgrest-version  has clients take this version for granted`,

  async run(context) {
    const [what, ...rest] = context.args;
    const language = rest[0] === undefined || rest[0].startsWith('--') ? 'typescript' : rest.shift();
    const flags = readFlags(rest);
    if (what !== 'types' || !languages.includes(language as Language) || !flags) {
      context.err(genCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const connection = flags.has('--db-url')
      ? parseConnectionUrl(flags.get('--db-url') as string)
      : stackDatabase(settings, 'postgres');
    context.out(await typesOf(settings, connection, '--db-url', language as Language, optionsOf(flags, settings)));
    return 0;
  },
};

/** What `start` prints in place of serving, where SERVICES=meta and PG_META_GENERATE_TYPES say so; else undefined. */
export async function configuredTypes(settings: LoadedSettings): Promise<string | undefined> {
  const { meta, rooms } = settings;
  if (meta.generateTypes === undefined || !rooms.has('meta') || rooms.size > 1) return undefined;
  const connection = configuredDatabase(meta) ?? stackDatabase(settings, 'supabase_admin');
  return typesOf(settings, connection, 'PG_META_DB_URL', meta.generateTypes, {
    includedSchemas: meta.generateSchemas,
    excludedSchemas: [],
    detectOneToOne: meta.generateOneToOne,
    postgrestVersion: meta.generatePostgrestVersion,
    defaultSchema: meta.generateDefaultSchema,
    swiftAccess: meta.generateSwiftAccess,
  });
}

async function typesOf(
  { meta }: LoadedSettings,
  connection: ConnectionOptions,
  setting: string,
  language: Language,
  options: GenerateOptions,
): Promise<string> {
  const session = await openSession({
    connection,
    connectTimeout: meta.connectTimeout,
    queryTimeout: meta.queryTimeout,
    resultLimit: meta.resultLimit * 1024 * 1024,
  }).catch((error: Error) => {
    throw new StartupError(`cannot connect to the database: ${error.message}`, setting, error);
  });
  try {
    return (await generateTypes(session, language, options)).trimEnd();
  } finally {
    await session.close();
  }
}

const known: readonly string[] = ['--schema', '--db-url', '--swift-access-control', '--postgrest-version'];

/** Flags with their values; undefined for one that is not known or has none. */
function readFlags(args: readonly string[]): ReadonlyMap<string, string> | undefined {
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index += 2) {
    const [name, value] = [args[index] as string, args[index + 1]];
    if (!known.includes(name) || value === undefined) return undefined;
    flags.set(name, value);
  }
  return flags;
}

function optionsOf(flags: ReadonlyMap<string, string>, settings: LoadedSettings): GenerateOptions {
  const access = flags.get('--swift-access-control') ?? 'internal';
  const swiftAccess = swiftAccesses.find((each) => each === access);
  if (!swiftAccess) throw new StartupError(`--swift-access-control must be one of ${swiftAccesses.join(', ')}`);
  return {
    includedSchemas: flags.get('--schema')?.split(',') ?? settings.rest.schemas,
    excludedSchemas: [],
    detectOneToOne: true,
    postgrestVersion: flags.get('--postgrest-version'),
    defaultSchema: 'public',
    swiftAccess,
  };
}
