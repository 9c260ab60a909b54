export { type PoolerApi, type PoolerDeps, poolerRoom } from './create.ts';
export { type PoolerSettings, poolerSettings } from './settings.ts';
