import { resolveSettings } from '#kernel/config';
import type { SchemaCache } from '../core/cache/model.ts';
import { type CompiledTransaction, compileTransaction, type DatabasePlan } from '../core/compile/transaction.ts';
import { configFrom, type RestConfig } from '../core/config.ts';
import { planRequest } from '../core/plan/plan-request.ts';
import type { RequestPlan } from '../core/plan/request-plan.ts';
import { type ApiRequest, parseRequest } from '../core/request/api-request.ts';
import { restSettings } from '../settings.ts';
import { madeUpCache } from './catalog.ts';

/** A request as tests write it. */
export interface Trial {
  readonly method?: string;
  /** Path with query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The pure part of the room over the made-up schema. */
export interface Planner {
  readonly cache: SchemaCache;
  readonly config: RestConfig;
  parse(trial: Trial): ApiRequest;
  plan(trial: Trial): RequestPlan;
  compile(trial: Trial): CompiledTransaction;
}

/** Creates a planner. @param env settings by name */
export function planner(
  env: Readonly<Record<string, string>> = {},
  stored: ReadonlyMap<string, string> = new Map(),
): Planner {
  const { values, problems } = resolveSettings(restSettings, { env, files: [], alone: false });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const cache = madeUpCache();
  const config = configFrom(values, stored);
  const parse = ({ method = 'GET', target, headers = {}, body = '' }: Trial): ApiRequest => {
    const mark = target.indexOf('?');
    const raw = {
      method,
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      header: (name: string) => headers[name],
      body: Buffer.from(body),
    };
    return parseRequest(raw, {
      schemas: cache.schemas,
      maxDepth: config.maxDepth,
      isTimezone: (name) => cache.timezones.has(name),
      rootRoutine: config.rootSpec,
      describesRoot: config.openapiMode !== 'disabled',
    });
  };
  const plan = (trial: Trial): RequestPlan => planRequest(parse(trial), cache, config);
  return {
    cache,
    config,
    parse,
    plan,
    compile(trial) {
      const request = parse(trial);
      const planned = planRequest(request, cache, config) as DatabasePlan;
      const caller = { role: 'anon', claims: '{"role":"anon"}', isAnonymous: true };
      const facts = {
        caller,
        schema: request.schema,
        method: request.method,
        path: request.path,
        headers: '{}',
        cookies: '{}',
        timezone: request.preferences.timezone,
        routine: planned.kind === 'call' ? planned.routine : undefined,
      };
      return compileTransaction(planned, facts, cache, config);
    },
  };
}

/** The main statement of a trial: the CTE's own query, and its values as text. */
export function sourceOf({ steps, main }: CompiledTransaction): {
  readonly sql: string;
  readonly values: readonly (string | null)[];
} {
  const { text, values } = steps[main] as CompiledTransaction['steps'][number];
  const sql = text.slice(text.indexOf('(') + 1, text.indexOf(') SELECT ', 1) < 0 ? undefined : endOfSource(text));
  return { sql, values: values.map((value) => (value === null ? null : value.toString())) };
}

/** Position of the parenthesis that closes the first one. */
function endOfSource(text: string): number {
  let depth = 0;
  let quote = '';
  for (let at = text.indexOf('('); at < text.length; at++) {
    const char = text[at] as string;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return at;
  }
  return text.length;
}
