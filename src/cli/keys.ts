import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createSigner, loadKeySet } from '#kernel/jwt';
import { replaceInEnvFile } from '../app/env-writer.ts';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { roleKey, secretGenerators } from '../app/secrets.ts';
import { type Command, type CommandContext, print } from './command.ts';

const fiveYears = 5 * 365 * 24 * 60 * 60;

/** `keys`: prints, makes and rotates the installation's keys. */
export const keysCommand: Command = {
  name: 'keys',
  summary: 'print the keys; --generate, --asymmetric and --rotate make new ones',
  help: `usage: pmoves-supabase keys [--generate | --asymmetric | --rotate] [--write] [--json]

Without a flag: prints the keys in force.
--generate    a whole new set of secrets (JWT secret, role keys, passwords)
--asymmetric  an ES256 signing key (JWT_KEYS, JWT_JWKS), role keys signed with it, and opaque sb_ keys
--rotate      new opaque sb_ keys; sessions and role keys stay as they are
--write       puts them into .env (the old file is kept as .env.old); without it they are only printed`,

  async run(context) {
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const { args } = context;
    const seconds = Math.floor(context.now() / 1_000);
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

async function asymmetricKeys(jwtSecret: string | undefined, seconds: number): Promise<Map<string, string>> {
  const secret = jwtSecret ?? (secretGenerators.JWT_SECRET as () => string)();
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  const shared = { kty: 'oct', k: Buffer.from(secret, 'utf8').toString('base64url'), alg: 'HS256' };
  const signing = {
    ...pair.privateKey.export({ format: 'jwk' }),
    kid,
    alg: 'ES256',
    use: 'sig',
    key_ops: ['sign', 'verify'],
  };
  const verifying = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig', key_ops: ['verify'] };
  const signer = await createSigner(await loadKeySet({ keys: [signing] as never }));
  const roleToken = (role: string) => signer.sign({ role, iss: 'supabase', iat: seconds, exp: seconds + fiveYears });
  return new Map([
    ...(jwtSecret ? [] : [['JWT_SECRET', secret] as const]),
    ['JWT_KEYS', `'${JSON.stringify([signing, { ...shared, key_ops: ['verify'] }])}'`],
    ['JWT_JWKS', `'${JSON.stringify({ keys: [verifying, shared] })}'`],
    ['ANON_KEY_ASYMMETRIC', await roleToken('anon')],
    ['SERVICE_ROLE_KEY_ASYMMETRIC', await roleToken('service_role')],
    ...pick(['SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_SECRET_KEY']),
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
