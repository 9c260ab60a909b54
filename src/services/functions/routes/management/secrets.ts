import { functionsError } from '../../errors.ts';
import { fieldsOf } from './functions.ts';
import type { ManagementRoute } from './route.ts';

const path = '/v1/projects/:ref/secrets';

/** Variables of all functions, after the official Management API: names and digests are shown, values never. */
export const secretRoutes: readonly ManagementRoute[] = [
  { method: 'GET', path, run: async ({ functions }) => ({ status: 200, json: functions.secrets.list() }) },
  {
    method: 'POST',
    path,
    async run({ functions, json }) {
      const list = await json();
      if (!Array.isArray(list)) throw functionsError('invalid_request', { message: 'The body is no array' });
      const secrets = list.map((entry) => {
        const { name, value } = fieldsOf(entry);
        if (typeof name !== 'string' || typeof value !== 'string')
          throw functionsError('invalid_request', { message: 'A secret has a name and a value' });
        return { name, value };
      });
      functions.secrets.set(secrets);
      functions.catalogue.forget();
      return { status: 201, json: {} };
    },
  },
  {
    method: 'DELETE',
    path,
    async run({ functions, json }) {
      const names = await json();
      if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
        throw functionsError('invalid_request', { message: 'The body is no array of names' });
      functions.secrets.unset(names);
      functions.catalogue.forget();
      return { status: 200, json: {} };
    },
  },
];
