import type { CancelSignal, Database } from '#kernel/sql';
import { executableRoutines, schemaComment, usableRelations } from '../../sql/privileges.ts';
import type { SchemaCache } from '../cache/model.ts';
import type { Statement } from '../compile/parameters.ts';
import { preRequestStatement } from '../compile/statement.ts';
import type { RestConfig } from '../config.ts';
import type { ApiRequest } from '../request/api-request.ts';
import type { Answer } from '../respond/answer.ts';
import { headerText } from '../respond/header-text.ts';
import type { Timer } from '../respond/timing.ts';
import { runTransaction } from '../run.ts';
import { beginStatement, type SessionFacts, settingsStatement } from '../session/settings.ts';
import { postgrestVersion } from '../version.ts';
import { openapiDocument } from './document.ts';
import { asOpenapi3 } from './openapi3.ts';

/** What the description needs besides the request. */
export interface DescribeTools {
  readonly database: Database;
  readonly prepare: boolean;
  readonly retries: number;
  readonly baseUrl: () => string;
  readonly timer: Timer;
  readonly signal: CancelSignal;
}

/** Answers `/`: the description of the request's schema, as far as its role may use it. */
export async function describe(
  request: ApiRequest,
  headersOnly: boolean,
  facts: SessionFacts,
  cache: SchemaCache,
  config: RestConfig,
  tools: DescribeTools,
): Promise<Answer> {
  const { schema } = request;
  const statements = [settingsStatement(facts, true, cache, config)];
  if (config.preRequest) statements.push(preRequestStatement(config.preRequest.schema, config.preRequest.name));
  const first = statements.length;
  const ask = (text: string): Statement => ({ text, values: [schema] });
  statements.push(ask(schemaComment), ask(usableRelations), ask(executableRoutines));
  const { role } = facts.caller;
  const begin = beginStatement(role, undefined, cache);
  const { prepare, retries, signal, timer } = tools;
  const transaction = { role, begin, steps: statements, main: first, planned: undefined, isRead: false };
  const results = await runTransaction(tools.database, transaction, {
    end: 'commit',
    check: undefined,
    prepare,
    retries,
    signal,
  });
  timer.end('transaction');
  const column = (index: number): string[] =>
    (results[first + index]?.rows ?? []).flatMap(([cell]) => (typeof cell === 'string' ? [cell] : []));
  const follows = config.openapiMode === 'follow-privileges';
  const document = openapiDocument({
    schema,
    cache,
    relations: follows ? new Set(column(1)) : undefined,
    routines: follows ? new Set(column(2)) : undefined,
    comment: column(0)[0],
    baseUrl: config.openapiProxyUri ?? tools.baseUrl(),
    version: postgrestVersion,
    showsSecurity: config.openapiSecurity,
  });
  const isThree = wantsOpenapi3(request);
  return {
    status: 200,
    statusText: undefined,
    headers: {
      'Content-Type': `application/openapi+json${isThree ? ';version=3.0' : ''}; charset=utf-8`,
      ...(request.namesSchema && { 'Content-Profile': headerText(schema) }),
    },
    body: headersOnly ? undefined : JSON.stringify(isThree ? asOpenapi3(document) : document),
  };
}

const openapiNames: ReadonlySet<string> = new Set(['application/openapi+json', 'application/vnd.oai.openapi+json']);

/** `?openapi=3`, for tools that cannot send headers, or `Accept: application/openapi+json;version=3.0`. */
function wantsOpenapi3({ query, accept }: ApiRequest): boolean {
  const asked = query.args.find(([name]) => name === 'openapi')?.[1];
  if (asked !== undefined) return /^3(\.|$)/.test(asked);
  const version = accept
    .find(({ name }) => openapiNames.has(name))
    ?.parameters.find(([name]) => name === 'version')?.[1];
  return version !== undefined && /^3(\.|$)/.test(version);
}
