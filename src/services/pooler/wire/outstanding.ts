/**
 * What a client has asked of its server connection and not yet been answered, as far as it decides when the connection
 * may go to somebody else: ReadyForQuery is counted against what causes one, and hidden or renamed statements are told
 * apart from the client's own by their order.
 *
 * One ReadyForQuery follows each Query, FunctionCall and Sync, except a Sync that the server reads while it takes in a
 * COPY: that one it ignores (protocol documentation, "COPY Operations").
 */
export class Outstanding {
  readonly #expected: Cause[] = [];
  #sent = 0;
  #done = 0;
  readonly #actions: { readonly action: Action; readonly group: number }[] = [];
  #copyIn = false;
  /** Extended messages were sent that no Sync has followed. */
  unsynced = false;
  /** The count cannot be relied on any more; the connection stays with this client to its end. */
  pinned = false;

  get isIdle(): boolean {
    return this.#expected.length === 0 && !this.unsynced && !this.pinned;
  }

  /** Answers that are awaited. */
  get size(): number {
    return this.#expected.length;
  }

  /** Query or FunctionCall was sent. */
  query(): void {
    // Whether it is carried out depends on the fate of the messages before it, which only a Sync would settle.
    if (this.unsynced) this.pinned = true;
    this.#expected.push('query');
    this.#sent++;
  }

  /** Sync was sent. */
  sync(): void {
    this.unsynced = false;
    if (this.#copyIn) return;
    this.#expected.push('sync');
    this.#sent++;
  }

  /** CopyDone or CopyFail was sent. */
  copyEnd(): void {
    if (this.#copyIn) this.#copyIn = false;
    // It went ahead of the server's invitation: what is counted before it has to be told from what comes after.
    else if (this.#expected.length > 0) this.#expected.push('copy-end');
  }

  /** A message was sent whose completion has to be known. */
  expect(action: Action): void {
    this.#actions.push({ action, group: this.#sent });
  }

  /** ParseComplete or CloseComplete arrived. */
  completed(): Action | undefined {
    const action = this.#actions.shift()?.action;
    action?.done?.();
    return action;
  }

  /** ErrorResponse arrived: nothing more of its group is carried out. @returns what it answers, if that is known */
  failed(): Action | undefined {
    this.#copyIn = false;
    return this.#undo(this.#done);
  }

  /** CopyInResponse arrived. */
  copyStarted(): void {
    const first = this.#expected[0];
    const ended = this.#expected.indexOf('copy-end');
    if (first === 'query') {
      if (ended < 0) this.#copyIn = true;
      else this.#expected.splice(ended, 1);
      return;
    }
    let swallowed = 0;
    while (this.#expected[swallowed] === 'sync' && (ended < 0 || swallowed < ended)) swallowed++;
    this.#expected.splice(0, ended === swallowed ? swallowed + 1 : swallowed);
    this.#done += swallowed;
    if (ended < 0) {
      this.#copyIn = true;
      this.unsynced = true;
    }
  }

  /** ReadyForQuery arrived. */
  ready(): void {
    this.#expected.shift();
    this.#done++;
    while (this.#expected[0] === 'copy-end') this.#expected.shift();
    if (this.#actions.length > 0) this.#undo(this.#done - 1);
  }

  /** The connection was left; nothing will be answered. */
  abandon(): void {
    this.#undo(Number.POSITIVE_INFINITY);
    this.#expected.length = 0;
  }

  #undo(group: number): Action | undefined {
    let count = 0;
    while ((this.#actions[count]?.group ?? Number.POSITIVE_INFINITY) <= group && count < this.#actions.length) count++;
    if (count === 0) return undefined;
    const dropped = this.#actions.splice(0, count);
    for (const { action } of [...dropped].reverse()) action.undo?.();
    return dropped[0]?.action;
  }
}

type Cause = 'query' | 'sync' | 'copy-end';

/** A Parse or Close under way. */
export interface Action {
  /**
   * `own`: the client's, answered as it is · `hidden`: ours, the answer is withheld · `stand-in`: a Close in the place of
   * a Parse that was not needed · `duplicate`: a Parse that the server will refuse.
   */
  readonly kind: 'own' | 'hidden' | 'stand-in' | 'duplicate';
  readonly done?: () => void;
  /** It was never carried out. */
  readonly undo?: () => void;
  /** Names to be exchanged in the refusal of a duplicate. */
  readonly names?: { readonly server: string; readonly client: string };
}
