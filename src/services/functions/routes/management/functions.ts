import { join } from 'node:path';
import type { Functions } from '../../core/functions.ts';
import {
  type DeployRequest,
  deleteFunction,
  deployFunction,
  readTree,
  updateDeployment,
} from '../../core/project/deploy.ts';
import { readDeployments } from '../../core/project/deployments.ts';
import { describeFunction, type FunctionResource } from '../../core/project/describe.ts';
import { functionsError } from '../../errors.ts';
import { parseDeploymentForm, renderFiles } from './multipart.ts';
import type { ManagementRoute } from './route.ts';

const base = '/v1/projects/:ref/functions';

/** Functions as resources, after the official Management API. */
export const functionRoutes: readonly ManagementRoute[] = [
  {
    method: 'GET',
    path: base,
    run: async ({ functions }) => ({ status: 200, json: await allFunctions(functions) }),
  },
  {
    method: 'POST',
    path: base,
    async run({ functions, json }) {
      const given = fieldsOf(await json());
      const slug = textOf(given.slug) ?? '';
      const body = textOf(given.body);
      if (body === undefined) throw functionsError('invalid_request', { message: 'body is missing' });
      const files = [{ path: 'index.ts', content: Buffer.from(body) }];
      await deploy(functions, { slug, files, ...optionsOf(given) });
      return { status: 201, json: await oneFunction(functions, slug) };
    },
  },
  {
    method: 'POST',
    path: `${base}/deploy`,
    async run({ functions, query, body, contentType }) {
      const { metadata, files } = await parseDeploymentForm(await body(), contentType);
      const slug = query.get('slug') ?? textOf(metadata.name) ?? '';
      const paths = {
        ...(textOf(metadata.entrypoint_path) && { entrypointPath: textOf(metadata.entrypoint_path) as string }),
        ...(textOf(metadata.import_map_path) && { importMapPath: textOf(metadata.import_map_path) as string }),
      };
      await deploy(functions, { slug, files, ...optionsOf(metadata), ...paths });
      return { status: 201, json: await oneFunction(functions, slug) };
    },
  },
  {
    method: 'PUT',
    path: base,
    async run({ functions, json }) {
      const list = await json();
      if (!Array.isArray(list)) throw functionsError('invalid_request', { message: 'The body is no array' });
      const updated: FunctionResource[] = [];
      for (const entry of list) {
        const given = fieldsOf(entry);
        const slug = textOf(given.slug) ?? '';
        await updateDeployment(functions.folder, slug, optionsOf(given), functions.clock.now());
        functions.catalogue.forget();
        updated.push(await oneFunction(functions, slug));
      }
      return { status: 200, json: { functions: updated } };
    },
  },
  {
    method: 'GET',
    path: `${base}/:slug`,
    run: async ({ functions, params }) => ({ status: 200, json: await oneFunction(functions, params.slug as string) }),
  },
  {
    method: 'PATCH',
    path: `${base}/:slug`,
    async run({ functions, params, json }) {
      const slug = params.slug as string;
      const given = fieldsOf(await json());
      const body = textOf(given.body);
      await oneFunction(functions, slug);
      if (body !== undefined)
        await deploy(functions, {
          slug,
          files: [{ path: 'index.ts', content: Buffer.from(body) }],
          ...optionsOf(given),
        });
      else await updateDeployment(functions.folder, slug, optionsOf(given), functions.clock.now());
      functions.catalogue.forget();
      return { status: 200, json: await oneFunction(functions, slug) };
    },
  },
  {
    method: 'DELETE',
    path: `${base}/:slug`,
    async run({ functions, params }) {
      await deleteFunction(functions.folder, params.slug as string);
      functions.catalogue.forget();
      return { status: 200, json: {} };
    },
  },
  {
    method: 'GET',
    path: `${base}/:slug/body`,
    async run({ functions, params }) {
      const slug = params.slug as string;
      await oneFunction(functions, slug);
      return {
        status: 200,
        raw: await renderFiles(await readTree(join(functions.folder, slug), functions.settings.maxFiles)),
      };
    },
  },
];

async function deploy(functions: Functions, request: DeployRequest): Promise<void> {
  const { settings, folder, clock } = functions;
  await deployFunction(folder, request, settings, clock.now());
  functions.catalogue.forget();
}

/** All functions, by name. */
async function allFunctions({ catalogue, folder }: Functions): Promise<FunctionResource[]> {
  const { functions } = await catalogue.read();
  const deployments = await readDeployments(folder);
  const described = [...functions.values()].map((each) => describeFunction(each, deployments.get(each.name)));
  return described.sort((a, b) => (a.slug < b.slug ? -1 : 1));
}

async function oneFunction(functions: Functions, slug: string): Promise<FunctionResource> {
  const definition = (await functions.catalogue.read()).functions.get(slug);
  if (definition === undefined) throw functionsError('management_not_found');
  return describeFunction(definition, (await readDeployments(functions.folder)).get(slug));
}

function optionsOf(given: Readonly<Record<string, unknown>>): { displayName?: string; verifyJwt?: boolean } {
  const displayName = textOf(given.name);
  return {
    ...(displayName !== undefined && { displayName }),
    ...(typeof given.verify_jwt === 'boolean' && { verifyJwt: given.verify_jwt }),
  };
}

/** A JSON object's fields. @throws ServiceError when it is none */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw functionsError('invalid_request', { message: 'The body is no JSON object' });
  return value as Readonly<Record<string, unknown>>;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
