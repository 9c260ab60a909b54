export { type RestDeps, restRoom } from './create.ts';
export { restErrors } from './errors.ts';
export type { RestApi, RestPorts } from './ports.ts';
export { originalRestDefaults, type RestSettings, restSettings } from './settings.ts';
