export {
  type GenerateOptions,
  generateTypes,
  type Language,
  languages,
  swiftAccesses,
} from './core/generators/generate.ts';
export { configuredDatabase, type MetaApi, type MetaDeps, metaRoom } from './create.ts';
export { metaErrors } from './errors.ts';
export type { MetaPorts } from './ports.ts';
export { type MetaSettings, metaSettings } from './settings.ts';
