import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { functionsError } from '../../errors.ts';
import { isFunctionName } from './names.ts';

const source = `Deno.serve(async (request) => {
  const { name } = await request.json();
  return Response.json({ message: \`Hello \${name}!\` });
});
`;

const config = `{
  "imports": {}
}
`;

/** Makes the folder of a new function. @returns its path @throws ServiceError for a name that is taken or none */
export function createFromTemplate(folder: string, name: string): string {
  if (!isFunctionName(name)) throw functionsError('invalid_slug');
  const own = join(folder, name);
  if (existsSync(own)) throw functionsError('invalid_request', { message: `There is a function ${name} already` });
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'index.ts'), source);
  writeFileSync(join(own, 'deno.json'), config);
  return own;
}
