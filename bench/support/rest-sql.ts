import { resolveSettings } from '../../src/kernel/config/index.ts';
import { createDatabase } from '../../src/kernel/sql/index.ts';
import { buildSchemaCache } from '../../src/services/rest/core/cache/build.ts';
import type { SchemaCache } from '../../src/services/rest/core/cache/model.ts';
import { compileTransaction, type DatabasePlan } from '../../src/services/rest/core/compile/transaction.ts';
import { configFrom, type RestConfig } from '../../src/services/rest/core/config.ts';
import { planRequest } from '../../src/services/rest/core/plan/plan-request.ts';
import { parseRequest } from '../../src/services/rest/core/request/api-request.ts';
import { headersJson } from '../../src/services/rest/core/session/request-facts.ts';
import { restSettings } from '../../src/services/rest/settings.ts';
import { loadCatalog, loadStoredSettings } from '../../src/services/rest/sql/load-catalog.ts';
import type { Product } from './product.ts';
import { claims, keyMark, type Scenario } from './rest-scenarios.ts';

/** What rest sends to the database for a request; every opponent runs the very same. */
export interface ScenarioSql {
  /** Undefined where one Sync makes the transaction; opponents that cannot do so say `begin`. */
  readonly begin: string | undefined;
  readonly steps: readonly { readonly text: string; readonly values: readonly (string | null)[] }[];
}

/** Stands among the values where the random number goes. */
export const keyValue = '987654321';

/** The room's own planner over the product's own catalogue. */
export interface Planner {
  sqlOf(scenario: Scenario, headers: Readonly<Record<string, string>>): ScenarioSql;
}

/** Reads the catalogue of a product and plans by it. */
export async function createPlanner({ database, env }: Product): Promise<Planner> {
  const reader = createDatabase({
    connection: {
      host: database.socketDir,
      port: database.port,
      database: database.name,
      user: 'authenticator',
      password: env.POSTGRES_PASSWORD ?? '',
    },
  });
  const { values } = resolveSettings(restSettings, { env, files: [], alone: false });
  const config = configFrom(values, new Map());
  const { schemas, extraSearchPath, hoistedSettings } = config;
  const { ofRoles: roleSettings } = await loadStoredSettings(reader, undefined);
  const found = await loadCatalog(reader, { schemas, extraSearchPath });
  await reader.close();
  const cache = buildSchemaCache({ ...found, roleSettings }, { hoistedSettings, timezones: new Set() });
  return { sqlOf: (scenario, headers) => sqlOf(scenario, headers, cache, config) };
}

function sqlOf(
  { method, target, body }: Scenario,
  headers: Readonly<Record<string, string>>,
  cache: SchemaCache,
  config: RestConfig,
): ScenarioSql {
  const [path = '', query = ''] = target.replace(keyMark, keyValue).split('?');
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const request = parseRequest(
    { method, path, query, header: (name) => lower[name], body: Buffer.from(body ?? '') },
    {
      schemas: cache.schemas,
      maxDepth: config.maxDepth,
      isTimezone: () => false,
      rootRoutine: undefined,
      describesRoot: true,
    },
  );
  const { begin, steps } = compileTransaction(
    planRequest(request, cache, config) as DatabasePlan,
    {
      caller: { role: claims.role, claims: JSON.stringify(claims), isAnonymous: false },
      schema: request.schema,
      method,
      path,
      headers: headersJson(lower),
      cookies: '{}',
      timezone: undefined,
      routine: undefined,
    },
    cache,
    config,
  );
  return { begin, steps: steps.map(({ text, values }) => ({ text, values: values.map(asText) })) };
}

const asText = (value: string | Buffer | null): string | null => (value === null ? null : value.toString());
