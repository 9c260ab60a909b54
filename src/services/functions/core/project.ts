import { rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '#kernel/lifecycle';
import { functionsError } from '../errors.ts';
import type { FunctionsPorts } from '../ports.ts';
import type { FunctionsSettings } from '../settings.ts';
import { type CatalogueReader, createCatalogueReader } from './project/catalogue.ts';
import type { FunctionDefinition } from './project/definition.ts';
import { type DeployedFile, deleteFunction, deployFunction, readTree } from './project/deploy.ts';
import { readDeployments } from './project/deployments.ts';
import { describeFunction, type FunctionResource } from './project/describe.ts';
import { createFromTemplate } from './project/template.ts';
import { createSecretStore, type SecretStore } from './secrets/secret-store.ts';
import { findDeno } from './worker/deno-binary.ts';
import type { PlaceOptions } from './worker/place.ts';
import { createTooling } from './worker/tooling.ts';

/** Folder of the functions. */
export const functionsFolder = (settings: FunctionsSettings, ports: FunctionsPorts): string =>
  settings.folder === undefined ? ports.defaultFolder : resolve(ports.cwd, settings.folder);

/** The functions on disk. @param onProblem hears of a configuration that cannot be understood */
export function openCatalogue(
  settings: FunctionsSettings,
  ports: FunctionsPorts,
  onProblem: (problem: string) => void,
): CatalogueReader {
  return createCatalogueReader({
    folder: functionsFolder(settings, ports),
    configFile: resolve(ports.cwd, settings.configFile),
    verifyJwt: settings.verifyJwt,
    maxFiles: settings.maxFiles,
    env: ports.variable,
    onProblem,
    now: () => performance.now(),
  });
}

/** The sealed secrets. */
export function openSecrets(settings: FunctionsSettings, ports: FunctionsPorts, clock: Clock): SecretStore {
  const limits = { count: settings.maxSecrets, size: settings.maxSecretSize };
  return createSecretStore(ports.secretsFile, settings.secretsKey, limits, () => clock.now());
}

/** Where workers run. @throws StartupError when there is no Deno */
export function placeOptions(settings: FunctionsSettings, ports: FunctionsPorts): PlaceOptions {
  const { cacheFolder } = settings;
  return {
    deno: findDeno(settings.deno),
    folder: functionsFolder(settings, ports),
    cacheFolder: cacheFolder === undefined ? ports.defaultCacheFolder : resolve(ports.cwd, cacheFolder),
    user: settings.user,
  };
}

/** Variables that Deno itself reads. */
export function denoVariables(settings: FunctionsSettings): Record<string, string> {
  const variables: Readonly<Record<string, string | undefined>> = {
    DENO_TLS_CA_STORE: 'mozilla,system',
    NPM_CONFIG_REGISTRY: settings.npmRegistry,
    JSR_URL: settings.jsrUrl,
    DENO_AUTH_TOKENS: settings.authTokens,
    DENO_CERT: settings.extraCertificates,
    HTTP_PROXY: settings.httpProxy,
    HTTPS_PROXY: settings.httpsProxy,
    NO_PROXY: settings.noProxy,
  };
  const given = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}

/** The functions of a project at rest, for the command line. A running stack sees what is changed here. */
export interface FunctionsProject {
  readonly folder: string;
  list(): Promise<readonly FunctionResource[]>;
  /** @returns the new function's folder @throws ServiceError for a name that is taken or none */
  create(name: string): string;
  /** Copies a function's folder into the project; shared code is copied with its own folder. @throws ServiceError */
  deploy(source: string, options: { readonly name?: string; readonly verifyJwt?: boolean }): Promise<string>;
  /** @throws ServiceError when there is none */
  remove(name: string): Promise<void>;
  readonly secrets: SecretStore;
  /** Fetches the imports of a function. @throws Error with what Deno printed */
  cache(name: string): Promise<void>;
  /** Writes a function into one file. @throws Error with what Deno printed */
  bundle(name: string, target: string): Promise<void>;
}

/** Opens a project without running it. */
export function openFunctionsProject(
  settings: FunctionsSettings,
  ports: FunctionsPorts,
  clock: Clock,
  onProblem: (problem: string) => void,
): FunctionsProject {
  const folder = functionsFolder(settings, ports);
  const catalogue = openCatalogue(settings, ports, onProblem);
  const find = async (name: string): Promise<FunctionDefinition> => {
    const found = (await catalogue.read()).functions.get(name);
    if (found === undefined) throw functionsError('not_found', { message: `there is no function ${name}` });
    return found;
  };
  const tooling = () => createTooling(placeOptions(settings, ports), denoVariables(settings));
  return {
    folder,
    secrets: openSecrets(settings, ports, clock),
    async list() {
      const { functions } = await catalogue.read();
      const deployments = await readDeployments(folder);
      return [...functions.values()].map((each) => describeFunction(each, deployments.get(each.name)));
    },
    create: (name) => createFromTemplate(folder, name),
    async deploy(source, { name = basename(resolve(source)), verifyJwt }) {
      const files: readonly DeployedFile[] = await readTree(source, settings.maxFiles);
      await deployFunction(
        folder,
        { slug: name, files, ...(verifyJwt !== undefined && { verifyJwt }) },
        settings,
        clock.now(),
      );
      return join(folder, name);
    },
    remove: (name) => deleteFunction(folder, name),
    async cache(name) {
      await tooling().cache(await find(name));
    },
    async bundle(name, target) {
      const definition = await find(name);
      rmSync(target, { force: true });
      await tooling().bundle(definition, target);
    },
  };
}
