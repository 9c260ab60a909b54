import { StartupError } from '#kernel/errors';
import { createSigner, loadKeySet } from '#kernel/jwt';
import { replaceInEnvFile } from '../app/env-writer.ts';
import { assertUsable, type LoadedSettings, loadSettings } from '../app/load-settings.ts';
import { roleKey, secretGenerators } from '../app/secrets.ts';
import { rotateKeys, type SigningJwk, verificationSet } from '../app/signing-keys.ts';
import { type Command, type CommandContext, print } from './command.ts';

const fiveYears = 5 * 365 * 24 * 60 * 60;

/** `keys`: prints, makes and rotates the installation's keys. */
export const keysCommand: Command = {
  name: 'keys',
  summary: 'print the keys; rotate, --generate, --asymmetric and --rotate make new ones',
  help: `usage: pmoves-supabase keys [rotate | --generate | --asymmetric | --rotate] [--write] [--json]

Without a flag: prints the keys in force.
rotate        the ES256 key on standby signs from now on, the one before goes on verifying, and a new one is on standby;
              nobody is signed out. The first time it makes both, beside the shared secret
--generate    a whole new set of secrets (JWT secret, role keys, passwords)
--asymmetric  an ES256 signing key (JWT_KEYS, JWT_JWKS), role keys signed with it, and opaque sb_ keys
--rotate      new opaque sb_ keys; sessions and role keys stay as they are
--write       puts them into .env (the old file is kept as .env.old); without it they are only printed`,

  async run(context) {
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const { args } = context;
    const seconds = Math.floor(context.now() / 1_000);
    if (args.includes('rotate')) return give(context, settings.writableFile, await rotatedKeys(settings, seconds));
    if (args.includes('--generate')) return give(context, settings.writableFile, freshSecrets(seconds));
    if (args.includes('--rotate'))
      return give(context, settings.writableFile, pick(['SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_SECRET_KEY']));
    if (args.includes('--asymmetric'))
      return give(context, settings.writableFile, await asymmetricKeys(settings.stack.jwtSecret, seconds));
    const { gateway } = settings;
    const keys = {
      ANON_KEY: gateway.anonKey,
      SERVICE_ROLE_KEY: gateway.serviceRoleKey,
      SUPABASE_PUBLISHABLE_KEY: gateway.publishableKey,
      SUPABASE_SECRET_KEY: gateway.secretKey,
    };
    print(context, keys, () =>
      Object.entries(keys)
        .map(([name, value]) => `${name}=${value ?? ''}`)
        .join('\n'),
    );
    return 0;
  },
};

function pick(names: readonly string[]): Map<string, string> {
  return new Map(names.map((name) => [name, (secretGenerators[name] as () => string)()]));
}

function freshSecrets(seconds: number): Map<string, string> {
  const entries = pick(Object.keys(secretGenerators));
  const secret = entries.get('JWT_SECRET') as string;
  return entries
    .set('ANON_KEY', roleKey('anon', secret, seconds))
    .set('SERVICE_ROLE_KEY', roleKey('service_role', secret, seconds));
}

/** Tokens of sessions may live a day at most before this; a key that signed them has to stay as long. */
const leastStay = 24 * 60 * 60;

async function rotatedKeys(settings: LoadedSettings, seconds: number): Promise<Map<string, string>> {
  const { jwtSecret, jwtKeys, jwtExpiry } = settings.auth;
  if (jwtSecret === undefined)
    throw new StartupError('there is no secret yet; run `pmoves-supabase init` first', 'JWT_SECRET');
  const stay = Math.max(leastStay, 2 * jwtExpiry);
  return entriesOf(rotateKeys((jwtKeys ?? []) as readonly SigningJwk[], jwtSecret, seconds, stay), seconds);
}

async function asymmetricKeys(jwtSecret: string | undefined, seconds: number): Promise<Map<string, string>> {
  const secret = jwtSecret ?? (secretGenerators.JWT_SECRET as () => string)();
  const entries = await entriesOf(rotateKeys([], secret, seconds, leastStay), seconds);
  return new Map([
    ...(jwtSecret ? [] : [['JWT_SECRET', secret] as const]),
    ...entries,
    ...pick(['SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_SECRET_KEY']),
  ]);
}

async function entriesOf(keys: readonly SigningJwk[], seconds: number): Promise<Map<string, string>> {
  const signer = await createSigner(await loadKeySet({ keys: keys as never }));
  const roleToken = (role: string) => signer.sign({ role, iss: 'supabase', iat: seconds, exp: seconds + fiveYears });
  return new Map([
    ['JWT_KEYS', `'${JSON.stringify(keys)}'`],
    ['JWT_JWKS', `'${JSON.stringify(verificationSet(keys))}'`],
    ['ANON_KEY_ASYMMETRIC', await roleToken('anon')],
    ['SERVICE_ROLE_KEY_ASYMMETRIC', await roleToken('service_role')],
  ]);
}

function give(context: CommandContext, file: string, entries: ReadonlyMap<string, string>): number {
  const write = context.args.includes('--write');
  if (write) replaceInEnvFile(file, 'Keys made by pmoves-supabase keys.', entries);
  print(context, { ...Object.fromEntries(entries), ...(write && { written: file }) }, () =>
    [
      ...[...entries].map(([name, value]) => `${name}=${value}`),
      '',
      write
        ? `Written to ${file}. Next: restart with npm start`
        : 'Not written; add --write to put them into the env file.',
    ].join('\n'),
  );
  return 0;
}
