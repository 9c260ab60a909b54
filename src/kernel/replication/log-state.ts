/** How the log is. */
export interface ChangeLogState {
  /**
   * `stopped`; `waiting` for another node that reads, or for the server; `catching-up` with what was committed before;
   * `streaming`.
   */
  readonly phase: 'stopped' | 'waiting' | 'catching-up' | 'streaming';
  /** Whether this process reads the slot. */
  readonly owner: boolean;
  readonly retainedBytes: number;
  readonly lagBytes: number;
  /** What keeps it from streaming. */
  readonly reason?: string;
}
