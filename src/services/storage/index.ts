export type { StorageEvent } from './core/context.ts';
export { openStorageAudit, type StorageAudit } from './core/open-audit.ts';
export { type StorageApi, type StorageDeps, storageRoom } from './create.ts';
export type { ImageFailure, ImageOptions, ImageSource, StoragePorts, TransformedImage } from './ports.ts';
export { type StorageSettings, storageSettings } from './settings.ts';
