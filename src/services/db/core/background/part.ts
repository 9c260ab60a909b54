import type { WorkConnection } from '../../sql/background/work-connection.ts';

/** One extension's half outside the database. All parts share one connection, and sleep until their channel wakes them. */
export interface BackgroundPart {
  /** Channels that the extension notifies. */
  readonly channels: readonly string[];
  /** The connection stands, for the first time or again: whatever was said meanwhile is lost. */
  attach(connection: WorkConnection): void;
  /** Something was said on one of them. */
  wake(channel: string, payload: string): void;
  /** Takes nothing more and resolves when nothing is under way. @param signal ends what still is */
  stop(signal: AbortSignal): Promise<void>;
  /** What health shows. */
  detail(): Readonly<Record<string, number>>;
}

/** Codes of an extension that is not there: undefined table, schema, function. */
const absent = new Set(['42P01', '3F000', '42883']);

/** Whether the server says that the extension's objects are not there. */
export const isAbsent = (error: unknown): boolean => absent.has((error as { code?: string }).code ?? '');
