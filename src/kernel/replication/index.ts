export { type ChangeLog, type ChangeLogOptions, createChangeLog } from './change-log.ts';
export type { CommittedTransaction, Gap, LogEntry, Retention, RowChange } from './change-ring.ts';
export type { Following, FollowOptions } from './following.ts';
export type { ChangeLogState } from './log-state.ts';
export type { CellValue, OldTuple, Relation, RelationColumn, ReplicaIdentity, Tuple } from './pgoutput.ts';
export { isPosition, lsnOf, type Position, positionOf } from './position.ts';
export { parseSnapshot, SeenBy } from './seen-by.ts';
