export { parseConfigFile } from './core/config-file.ts';
export { type RestDeps, restRoom } from './create.ts';
export { restErrors } from './errors.ts';
export type { Reload, RestApi, RestPorts } from './ports.ts';
export { originalRestDefaults, type RestSettings, restSettings } from './settings.ts';
