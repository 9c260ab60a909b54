import type { CommittedTransaction, LogEntry, RowChange } from './change-ring.ts';
import type { CellValue, OldTuple, Relation, Tuple } from './pgoutput.ts';
import type { Position } from './position.ts';

/** A value as JSON: 0 stands for one that was not sent, an object for bytes. */
type PackedValue = string | null | 0 | { readonly hex: string };

/** A change or gap as JSON; tables and transactions by their place in the lists. */
type PackedEntry =
  | readonly ['gap', Position | null, Position]
  | readonly [
      RowChange['kind'],
      Position,
      relation: number,
      transaction: number,
      bytes: number,
      values: readonly PackedValue[] | null,
      old: readonly PackedValue[] | null,
      oldHolds: OldTuple['holds'] | null,
    ];

/** Entries as JSON. */
export interface Packed {
  readonly relations: readonly Relation[];
  readonly transactions: readonly {
    readonly lsn: string;
    readonly end: string | null;
    readonly xid: number;
    readonly at: number;
  }[];
  readonly entries: readonly PackedEntry[];
}

const packValue = (value: CellValue): PackedValue =>
  value === undefined ? 0 : Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value;
const packTuple = (tuple: Tuple | undefined) => tuple?.map(packValue) ?? null;

/** Makes JSON of entries. */
export function packEntries(entries: readonly LogEntry[]): Packed {
  const relations = new Map<Relation, number>();
  const transactions = new Map<CommittedTransaction, number>();
  const place = <T>(places: Map<T, number>, item: T): number => {
    const known = places.get(item);
    if (known !== undefined) return known;
    places.set(item, places.size);
    return places.size - 1;
  };
  const packed = entries.map((entry): PackedEntry => {
    if (entry.kind === 'gap') return ['gap', entry.after ?? null, entry.position];
    const { kind, position, relation, transaction, bytes, old } = entry;
    const [at, by] = [place(relations, relation), place(transactions, transaction)];
    return [kind, position, at, by, bytes, packTuple(entry.new), packTuple(old?.values), old?.holds ?? null];
  });
  return {
    relations: [...relations.keys()],
    transactions: [...transactions.keys()].map(({ commitLsn, endLsn, xid, committedAt }) => ({
      lsn: commitLsn.toString(16),
      end: endLsn?.toString(16) ?? null,
      xid,
      at: committedAt,
    })),
    entries: packed,
  };
}

function unpackTuple(values: readonly PackedValue[]): Tuple {
  return values.map((value): CellValue => {
    if (value === 0) return undefined;
    return value !== null && typeof value === 'object' ? Buffer.from(value.hex, 'hex') : value;
  });
}

/** Makes entries of JSON again. */
export function unpackEntries(packed: Packed): LogEntry[] {
  const transactions = packed.transactions.map(
    ({ lsn, end, xid, at }): CommittedTransaction => ({
      commitLsn: BigInt(`0x${lsn}`),
      endLsn: end === null ? undefined : BigInt(`0x${end}`),
      xid,
      committedAt: at,
    }),
  );
  return packed.entries.map((entry): LogEntry => {
    if (entry[0] === 'gap') return { kind: 'gap', after: entry[1] ?? undefined, position: entry[2] as Position };
    const [kind, position, relation, transaction, bytes, values, old, holds] = entry as Extract<
      PackedEntry,
      { length: 8 }
    >;
    return {
      kind,
      position,
      relation: packed.relations[relation] as Relation,
      transaction: transactions[transaction] as CommittedTransaction,
      bytes,
      new: values ? unpackTuple(values) : undefined,
      old: old && holds ? { holds, values: unpackTuple(old) } : undefined,
    };
  });
}
