import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize, resolve, sep } from 'node:path';
import { functionsError } from '../../errors.ts';
import { type Deployment, readDeployments, writeDeployments } from './deployments.ts';
import { isFunctionName } from './names.ts';
import { listTree } from './tree.ts';

/** A file of a deployment. */
export interface DeployedFile {
  /** Relative to the function's folder, or to one above both where files are shared. */
  readonly path: string;
  readonly content: Buffer;
}

/** What is deployed. */
export interface DeployRequest {
  readonly slug: string;
  readonly files: readonly DeployedFile[];
  readonly displayName?: string;
  readonly verifyJwt?: boolean;
  /** Paths as among the files. */
  readonly entrypointPath?: string;
  readonly importMapPath?: string;
}

/** Bounds of the folder of functions. */
export interface DeployLimits {
  readonly maxFunctions: number;
  readonly maxFiles: number;
}

/**
 * Puts a function's files in place, all or none: they are written beside, and the folders change places.
 *
 * @param now milliseconds since the epoch
 * @throws ServiceError for names and paths that are not allowed
 */
export async function deployFunction(
  folder: string,
  request: DeployRequest,
  limits: DeployLimits,
  now: number,
): Promise<Deployment> {
  const { slug } = request;
  if (!isFunctionName(slug)) throw functionsError('invalid_slug');
  if (request.files.length === 0) throw functionsError('invalid_request', { message: 'There are no files' });
  if (request.files.length > limits.maxFiles)
    throw functionsError('invalid_request', { message: `There are more than ${limits.maxFiles} files` });
  const deployments = new Map(await readDeployments(folder));
  const before = deployments.get(slug);
  if (before === undefined && deployments.size >= limits.maxFunctions) throw functionsError('too_many_functions');
  const base = commonBase(
    request.files.map(({ path }) => path),
    request.entrypointPath,
    slug,
  );
  const files = request.files.map(({ path, content }) => ({ path: within(path, base), content }));
  const relativePath = (path: string | undefined) => (path === undefined ? undefined : within(path, base));
  const entrypointPath = relativePath(request.entrypointPath);
  const importMapPath = relativePath(request.importMapPath);
  if (entrypointPath !== undefined && !files.some(({ path }) => path === entrypointPath))
    throw functionsError('invalid_request', {
      message: `The entrypoint ${request.entrypointPath} is not among the files`,
    });

  const draft = join(folder, `.deploying-${randomUUID()}`);
  const target = join(folder, slug);
  try {
    for (const { path, content } of files) {
      const at = join(draft, path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content);
    }
    changePlaces(draft, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  const verifyJwt = request.verifyJwt ?? before?.verifyJwt;
  const deployment: Deployment = {
    id: before?.id ?? randomUUID(),
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    displayName: request.displayName ?? before?.displayName ?? slug,
    ...(entrypointPath !== undefined && { entrypointPath }),
    ...(importMapPath !== undefined && { importMapPath }),
    ...(verifyJwt !== undefined && { verifyJwt }),
    options: {},
  };
  writeDeployments(folder, deployments.set(slug, deployment));
  return deployment;
}

/** Puts a folder in the place of another one, or leaves everything as it was. */
export function changePlaces(draft: string, target: string, rename: typeof renameSync = renameSync): void {
  const old = `${draft}.old`;
  const isNew = !existsSync(target);
  if (!isNew) rename(target, old);
  try {
    rename(draft, target);
  } catch (error) {
    if (!isNew) rename(old, target);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Changes what is known of a function, not its files. @throws ServiceError when there is no such function */
export async function updateDeployment(
  folder: string,
  slug: string,
  change: { readonly displayName?: string; readonly verifyJwt?: boolean },
  now: number,
): Promise<Deployment> {
  if (!isFunctionName(slug) || !existsSync(join(folder, slug))) throw functionsError('management_not_found');
  const deployments = new Map(await readDeployments(folder));
  const before = deployments.get(slug);
  const deployment: Deployment = {
    ...(before ?? { id: randomUUID(), version: 1, createdAt: now, displayName: slug, options: {} }),
    ...change,
    updatedAt: now,
  };
  writeDeployments(folder, deployments.set(slug, deployment));
  return deployment;
}

/** Removes a function with its files. @throws ServiceError when there is none */
export async function deleteFunction(folder: string, slug: string): Promise<void> {
  if (!isFunctionName(slug)) throw functionsError('management_not_found');
  const target = join(folder, slug);
  if (!existsSync(target)) throw functionsError('management_not_found');
  const gone = join(folder, `.deleting-${randomUUID()}`);
  renameSync(target, gone);
  rmSync(gone, { recursive: true, force: true });
  const deployments = new Map(await readDeployments(folder));
  if (deployments.delete(slug)) writeDeployments(folder, deployments);
}

/** The files below a function's folder, with their content. */
export async function readTree(folder: string, limit: number): Promise<readonly DeployedFile[]> {
  const own = resolve(folder);
  const tree = await listTree(own, limit);
  return Promise.all(
    tree.map(async ({ path }) => ({ path: path.slice(own.length + 1), content: await readFile(path) })),
  );
}

/**
 * The absolute path of a file of a function.
 *
 * @throws ServiceError for a path that leads out of its folder, links included
 */
export function filePath(folder: string, slug: string, path: string): string {
  if (!isFunctionName(slug)) throw functionsError('invalid_slug');
  const own = join(folder, slug);
  const inside = within(path, '');
  for (let at = own, rest = inside.split(sep); rest.length > 0; rest = rest.slice(1)) {
    at = join(at, rest[0] as string);
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) throw functionsError('invalid_path');
  }
  return join(own, inside);
}

/**
 * The official CLI names files from the folder of its project (`supabase/functions/NAME/index.ts`); what stands before the
 * function's own folder is left away. Shared files then come as `../_shared/…` of it and cannot be placed below it: the
 * whole tree is kept in that case.
 */
function commonBase(paths: readonly string[], entrypoint: string | undefined, slug: string): string {
  const entry = normalize(entrypoint ?? paths[0] ?? '');
  const at = `/${entry}`.lastIndexOf(`/${slug}/`);
  const own = at < 0 ? '' : entry.slice(0, at + slug.length + 1);
  const candidates = own === '' ? [] : [own, ...parents(own)];
  return candidates.find((base) => paths.every((path) => normalize(path).startsWith(base))) ?? '';
}

function parents(base: string): string[] {
  const parts = base.split('/').slice(0, -2);
  return parts.map((_, index) => `${parts.slice(0, parts.length - index).join('/')}/`);
}

function within(path: string, base: string): string {
  const normal = normalize(path).replace(/^(\.\/)+/, '');
  const inside = normal.startsWith(base) ? normal.slice(base.length) : normal;
  const isOutside = inside === '' || inside.startsWith('..') || inside.startsWith('/') || inside.includes('\0');
  if (isOutside || inside.endsWith('/') || inside.split('/').some((part) => part.length > 255))
    throw functionsError('invalid_path', { message: `${path} is no path below the function's folder` });
  return inside;
}
