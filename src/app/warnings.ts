import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedSettings } from './load-settings.ts';
import { volumesOf } from './volumes.ts';

const composeFiles = ['api/kong.yml', 'logs/vector.yml', 'pooler/pooler.exs'];

/** Files of the compose folder that mean nothing here, in one warning. */
export function ignoredComposeFiles(settings: LoadedSettings): string[] {
  const found = composeFiles.filter((file) => existsSync(join(volumesOf(settings), file)));
  return found.length === 0
    ? []
    : [`${found.join(', ')} in ${volumesOf(settings)} have no meaning here and are ignored`];
}
