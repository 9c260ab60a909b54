import type { FastifyInstance } from '#kernel/http';
import { booleanOf, namesOf, type Query } from '../core/filters.ts';
import { type GenerateOptions, generateTypes, languages, swiftAccesses } from '../core/generators/generate.ts';
import { metaError } from '../errors.ts';
import type { Run } from './run.ts';

/** `/generators/LANGUAGE`: the database's types as source code. */
export function bindGenerators(app: FastifyInstance, run: Run): void {
  for (const language of languages)
    app.get(`/generators/${language}`, (request, reply) => {
      const options = readOptions(request.query as Query);
      return run(request, reply, 500, async (session) =>
        reply.type('text/plain; charset=utf-8').send(await generateTypes(session, language, options)),
      );
    });
}

function readOptions(query: Query): GenerateOptions {
  const access = query.access_control ?? 'internal';
  const swiftAccess = swiftAccesses.find((each) => each === access);
  if (!swiftAccess)
    throw metaError('invalid_request', {
      message: 'querystring/access_control must be equal to one of the allowed values',
    });
  return {
    includedSchemas: namesOf(query, 'included_schemas'),
    excludedSchemas: namesOf(query, 'excluded_schemas'),
    detectOneToOne: booleanOf(query, 'detect_one_to_one_relationships') ?? false,
    postgrestVersion: typeof query.postgrest_version === 'string' ? query.postgrest_version : undefined,
    defaultSchema: 'public',
    swiftAccess,
  };
}
