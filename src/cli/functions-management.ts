import { StartupError } from '#kernel/errors';
import type { LoadedSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';

/** Asks the functions of the running stack. @throws StartupError when it does not run or refuses */
export async function askFunctions(
  settings: LoadedSettings,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const run = readRunFile(settings);
  const key = settings.gateway.serviceRoleKey;
  if (!run || !key) throw new StartupError('the stack does not run; start it first with `npm start`');
  const answer = await fetch(`${run.url}/v1/projects/default/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new StartupError(`the stack answers ${answer.status}: ${text}`);
  return JSON.parse(text);
}
