import type { SchemaCache } from '../cache/model.ts';
import { requireTable } from '../plan/plan-request.ts';
import { chooseRoutine } from '../plan/routine-choice.ts';
import type { Resource } from '../request/resource.ts';
import type { Answer } from './answer.ts';

/** The answer to OPTIONS. Privileges play no part in it. @throws PGRST202, PGRST203, PGRST205 */
export function allowedMethods(resource: Resource, schema: string, cache: SchemaCache): Answer {
  return {
    status: 200,
    statusText: undefined,
    headers: { Allow: methodsOf(resource, schema, cache).join(','), 'Access-Control-Allow-Origin': '*' },
    body: '',
  };
}

const reading = ['OPTIONS', 'GET', 'HEAD'];

function methodsOf(resource: Resource, schema: string, cache: SchemaCache): readonly string[] {
  switch (resource.kind) {
    case 'root':
      return reading;
    case 'routine': {
      const form = { schema, name: resource.name, argumentNames: new Set<string>(), body: undefined };
      const { volatility } = chooseRoutine(cache, form);
      return volatility === 'volatile' ? ['OPTIONS', 'POST'] : [...reading, 'POST'];
    }
    case 'relation': {
      const { insertable, updatable, deletable, primaryKey } = requireTable(cache, schema, resource.name);
      const methods = [...reading];
      if (insertable) methods.push('POST');
      if (insertable && updatable && primaryKey.length > 0) methods.push('PUT');
      if (updatable) methods.push('PATCH');
      if (deletable) methods.push('DELETE');
      return methods;
    }
  }
}
