export { type VectorDeps, vectorRoom } from './create.ts';
export { vectorErrors } from './errors.ts';
export type { VectorPorts } from './ports.ts';
export { type VectorSettings, vectorSettings } from './settings.ts';
