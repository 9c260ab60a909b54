export { createOutboxAdmin, type OutboxAdmin, type OutboxOverview } from './core/outbox-admin.ts';
export { pruneVaultKeys, rotateVaultKey, type VaultAdminOptions, type VaultRotation } from './core/vault-admin.ts';
export { type DbDeps, dbRoom } from './create.ts';
export { dbErrors } from './errors.ts';
export type { DbApi, LoginRole, ProjectSqlOutcome, ServerMessage } from './ports.ts';
export { type DbSettings, dbSettings } from './settings.ts';
