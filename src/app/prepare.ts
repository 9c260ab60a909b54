import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartupError } from '#kernel/errors';
import type { Claims } from '#kernel/jwt';
import { createVerifier, loadKeySet } from '#kernel/jwt';
import { imgproxyAddress } from '#services/gateway';
import { secretRules, weakness } from './demo-secrets.ts';
import { appendToEnvFile } from './env-writer.ts';
import { assertUsable, type LoadedSettings, loadSettings, type SettingsInput } from './load-settings.ts';
import { isFree, nextFreePort } from './ports.ts';
import { missingSecrets } from './secrets.ts';

/** What was done before the start, for the banner. */
export interface Preparation {
  readonly settings: LoadedSettings;
  /** Names of secrets made now; empty unless this is a first start. */
  readonly generated: readonly string[];
  /** Default ports that were taken and moved. */
  readonly moved: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

/** A setting's value as given, whatever name or file it came from; undefined when it is only a default. */
export function givenSetting(settings: LoadedSettings, name: string): string | undefined {
  const entry = settings.effective.find(({ setting, origin }) => setting.name === name && origin !== 'default');
  return entry?.value === undefined ? undefined : String(entry.value);
}

/**
 * Reads the settings and writes down what a first start has to decide: missing secrets and, where default ports are
 * taken, free ones. Later starts change nothing.
 *
 * @param now seconds since the epoch
 * @throws StartupError for unusable settings
 */
export async function prepare(input: SettingsInput, now: number): Promise<Preparation> {
  let settings = loadSettings(input);
  assertUsable(settings);
  const firstStart = !existsSync(join(resolve(settings.cwd, settings.stack.volumesDir), 'db'));

  const secrets = writeMissingSecrets(settings, now);
  if (secrets.length > 0) settings = loadSettings(input);

  const moved = firstStart ? await moveTakenPorts(settings) : [];
  if (moved.length > 0) {
    const entries = new Map(moved.map(({ name, to }) => [name, String(to)]));
    appendToEnvFile(settings.writableFile, 'The default ports were taken on the first start.', entries);
    settings = loadSettings(input);
  }
  assertUsable(settings);
  return { settings, generated: secrets, moved };
}

/** Generates what is missing and appends it to the env file. @returns the names written */
export function writeMissingSecrets(settings: LoadedSettings, now: number): string[] {
  // A room that runs alone lives on its original's own settings; making others up would only hide a mistake.
  if (settings.rooms.size === 1) return [];
  const skip = new Set<string>();
  if (isExternal(settings)) skip.add('POSTGRES_PASSWORD');
  const missing = missingSecrets((name) => givenSetting(settings, name), skip, now);
  const comment = 'Made by pmoves-supabase. Keep this file secret, and back it up with the data.';
  appendToEnvFile(settings.writableFile, comment, missing);
  return [...missing.keys()];
}

function isExternal(settings: LoadedSettings): boolean {
  const host = givenSetting(settings, 'POSTGRES_HOST');
  return host !== undefined && host !== 'db' && host !== 'supabase-db';
}

async function moveTakenPorts(settings: LoadedSettings): Promise<{ name: string; from: number; to: number }[]> {
  const host = settings.stack.bindAddress;
  const candidates: (readonly [name: string, port: number])[] = [];
  if (settings.rooms.has('gateway')) candidates.push(['KONG_HTTP_PORT', settings.gateway.httpPort]);
  if (settings.rooms.has('db') && !isExternal(settings)) candidates.push(['POSTGRES_PORT', settings.db.port]);
  if (settings.rooms.has('pooler')) candidates.push(['POOLER_PROXY_PORT_TRANSACTION', settings.pooler.transactionPort]);
  const moved: { name: string; from: number; to: number }[] = [];
  for (const [name, from] of candidates) {
    if (givenSetting(settings, name) !== undefined || (await isFree(from, host))) continue;
    const to = await nextFreePort(from, host, new Set(moved.map((entry) => entry.to)));
    moved.push({ name, from, to });
  }
  return moved;
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/**
 * Judges the secrets: off loopback, a published or short one is refused.
 *
 * @returns warnings, when only this machine can connect
 * @throws StartupError naming every weak secret
 */
export function checkSecrets(settings: LoadedSettings): string[] {
  const weak: string[] = [];
  for (const rule of secretRules) {
    const value = givenSetting(settings, rule.name);
    const problem = value === undefined ? undefined : weakness(rule, value);
    if (problem) weak.push(problem);
  }
  const addresses = [
    ['BIND_ADDRESS', settings.stack.bindAddress],
    ['GOTRUE_API_HOST', settings.gateway.directAuthHost],
    ['PGRST_SERVER_HOST', settings.rest.serverHost],
    ['PGRST_ADMIN_SERVER_HOST', settings.rest.adminHost],
    ['IMGPROXY_BIND', imgproxyAddress(settings.gateway).host],
  ] as const;
  for (const [name, address] of addresses)
    if (weak.length > 0 && address !== undefined && !loopback.test(address))
      throw new StartupError(
        `address ${address} is refused while ${weak.join('; ')}; run \`pmoves-supabase keys --rotate\``,
        name,
      );
  return weak;
}

/**
 * Checks that the role keys fit the secret: a mismatch, usually left by a rotation, would make every call a 401.
 *
 * @param now seconds since the epoch
 */
export async function checkRoleKeys(settings: LoadedSettings, now: number): Promise<string[]> {
  const warnings: string[] = [];
  const secret = settings.stack.jwtSecret;
  if (!secret) return warnings;
  const verifier = createVerifier({ keys: await loadKeySet({ secret }), cacheEntries: 0, now: () => now * 1_000 });
  const pairs = [
    ['ANON_KEY', settings.gateway.anonKey, 'anon'],
    ['SERVICE_ROLE_KEY', settings.gateway.serviceRoleKey, 'service_role'],
  ] as const;
  for (const [name, token, role] of pairs) {
    if (!token) continue;
    let claims: Claims;
    try {
      claims = (await verifier.verify(token)).claims;
    } catch {
      warnings.push(`${name} was not signed with JWT_SECRET: every request with it will be refused`);
      continue;
    }
    if (claims.role !== role) warnings.push(`${name} carries role ${String(claims.role)}, not ${role}`);
    if (typeof claims.exp === 'number' && claims.exp < now) warnings.push(`${name} has expired`);
  }
  return warnings;
}
