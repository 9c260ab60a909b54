export type { Client } from './client.ts';
export { connectClient } from './client.ts';
export { type ConnectionOptions, parseConnectionUrl } from './connection-options.ts';
export { copyIn } from './copy-in.ts';
export { createDatabase, type Database, type DatabaseOptions, type QueryResult, type Transaction } from './database.ts';
export { asDatabaseError, type DatabaseError } from './database-error.ts';
export { poolExhausted, poolTimeout, sqlErrors } from './errors.ts';
export { createListener, type Listener, type ListenerOptions } from './listener.ts';
export { applyMigrations, type MigrationFile } from './migrations.ts';
export type { CancelSignal, PipelinedTransaction, PipelineStep, StepResult } from './pipeline.ts';
export type { PoolStats } from './pool.ts';
export { quoteIdentifier, quoteLiteral } from './quote.ts';

export { connectReplication, type ReplicationConnection } from './replication-connection.ts';

export { scramVerifier } from './scram.ts';

export { openSession, type Session, type SessionNotice, type SessionOptions, type SessionResult } from './session.ts';

export { type ColumnOrigin, viewOrigins } from './view-origins.ts';
