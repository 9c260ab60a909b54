import { MalformedMessage } from './byte-reader.ts';
import type { CommittedTransaction, RowChange } from './change-ring.ts';
import { decodeMessage, type LogicalMessage, type OldTuple, type Relation, type Tuple } from './pgoutput.ts';
import { lsnDigits, placeDigits } from './position.ts';

/** What a reader makes of a stream's messages. */
export interface TransactionEvents {
  /** Inside a transaction, in order. */
  readonly onChange: (change: RowChange) => void;
  /** Everything before `endLsn` was told. */
  readonly onCommit: (endLsn: bigint) => void;
}

/**
 * Makes changes of a stream's messages: adds table, transaction and position. One for each stream, as the server describes
 * each table once in it.
 */
export class TransactionReader {
  readonly #events: TransactionEvents;
  readonly #relations = new Map<number, Relation>();
  #transaction: CommittedTransaction | undefined;
  #prefix = '';
  #place = 0;

  constructor(events: TransactionEvents) {
    this.#events = events;
  }

  /** Whether the transaction being read has not ended. */
  get isInside(): boolean {
    return this.#transaction !== undefined;
  }

  /** @throws MalformedMessage for what is no message, or stands where it cannot */
  read(bytes: Buffer): void {
    const message = decodeMessage(bytes);
    switch (message.kind) {
      case 'begin':
        this.#begin(message);
        break;
      case 'commit':
        this.#commit(message.endLsn);
        break;
      case 'relation':
        this.#relations.set(message.relation.oid, message.relation);
        break;
      case 'insert':
        this.#change('insert', message.oid, undefined, message.new, bytes.length);
        break;
      case 'update':
        this.#change('update', message.oid, message.old, message.new, bytes.length);
        break;
      case 'delete':
        this.#change('delete', message.oid, message.old, undefined, bytes.length);
        break;
      default:
    }
  }

  #begin({ commitLsn, committedAt, xid }: Extract<LogicalMessage, { kind: 'begin' }>): void {
    if (this.#transaction) throw new MalformedMessage('a transaction begins inside another');
    this.#transaction = { commitLsn, committedAt, xid, endLsn: undefined };
    this.#prefix = lsnDigits(commitLsn);
    this.#place = 0;
  }

  #commit(endLsn: bigint): void {
    if (!this.#transaction) throw new MalformedMessage('a transaction ends that never began');
    this.#transaction.endLsn = endLsn;
    this.#transaction = undefined;
    this.#events.onCommit(endLsn);
  }

  #change(
    kind: RowChange['kind'],
    oid: number,
    old: OldTuple | undefined,
    values: Tuple | undefined,
    bytes: number,
  ): void {
    const relation = this.#relations.get(oid);
    const transaction = this.#transaction;
    if (!relation || !transaction) throw new MalformedMessage('a change of an unknown table or outside a transaction');
    const position = this.#prefix + placeDigits(++this.#place);
    this.#events.onChange({ kind, relation, old, new: values, transaction, position, bytes });
  }
}
