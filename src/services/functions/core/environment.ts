import type { StackAddress } from '../ports.ts';
import type { FunctionsSettings } from '../settings.ts';

/** Where a function's variables come from, weakest first. */
export interface VariableSources {
  /** `.env` in the folder of the functions. */
  readonly file: Readonly<Record<string, string>>;
  /** `[edge_runtime.secrets]`. */
  readonly config: Readonly<Record<string, string>>;
  /** Set by `functions secrets`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The function's own. */
  readonly own: Readonly<Record<string, string>>;
}

/** Variables that belong to a process, not to a function. */
const processNames = new Set(['HOME', 'HOSTNAME', 'PATH', 'PWD', 'TMPDIR', 'NODE_OPTIONS']);

/**
 * A function's variables: an allow-list, not the environment of the program. Those of the stack cannot be replaced.
 */
export function functionVariables(
  stack: StackAddress,
  settings: Pick<FunctionsSettings, 'verifyJwt' | 'jwtSecret' | 'jwtJwks' | 'passJwtSecret' | 'inferenceHost'>,
  sources: VariableSources,
): Record<string, string> {
  const given = { ...sources.file, ...sources.config, ...sources.secrets, ...sources.own };
  const kept = Object.entries(given).filter(
    ([name]) => !processNames.has(name) && !name.startsWith('SUPABASE_') && !name.startsWith('DENO_'),
  );
  return {
    ...(settings.inferenceHost && { AI_INFERENCE_API_HOST: settings.inferenceHost }),
    ...Object.fromEntries(kept),
    ...ofStack(stack, settings),
  };
}

function ofStack(
  stack: StackAddress,
  { verifyJwt, jwtSecret, jwtJwks, passJwtSecret }: Parameters<typeof functionVariables>[1],
): Record<string, string> {
  const publicKeys = jwtJwks?.keys.filter(({ kty }) => kty !== 'oct');
  const variables: Readonly<Record<string, string | undefined>> = {
    SUPABASE_URL: stack.url,
    SUPABASE_PUBLIC_URL: stack.publicUrl,
    SUPABASE_DB_URL: stack.databaseUrl,
    SUPABASE_ANON_KEY: stack.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: stack.serviceRoleKey,
    SUPABASE_PUBLISHABLE_KEYS: stack.publishableKey && JSON.stringify({ default: stack.publishableKey }),
    SUPABASE_SECRET_KEYS: stack.secretKey && JSON.stringify({ default: stack.secretKey }),
    SUPABASE_JWKS: publicKeys && JSON.stringify({ keys: publicKeys }),
    JWT_SECRET: passJwtSecret ? jwtSecret : undefined,
    VERIFY_JWT: String(verifyJwt),
    SB_REGION: 'local',
  };
  const given = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}
