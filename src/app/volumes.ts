import { resolve } from 'node:path';
import type { LoadedSettings } from './load-settings.ts';

/** The absolute data folder of a stack. */
export const volumesOf = (settings: LoadedSettings): string => resolve(settings.cwd, settings.stack.volumesDir);
