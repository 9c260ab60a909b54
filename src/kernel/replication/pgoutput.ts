import { ByteReader, MalformedMessage } from './byte-reader.ts';

/** A column as the stream describes it. `isKey` tells of the replica identity, which need not be the primary key. */
export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly isKey: boolean;
}

/** What decides which old values an UPDATE or DELETE brings. */
export type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

/** A table as of the changes that follow. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly replicaIdentity: ReplicaIdentity;
  readonly columns: readonly RelationColumn[];
}

/** One value: the server's text, its bytes where the stream is binary, null, or undefined for an unchanged TOAST value. */
export type CellValue = string | Buffer | null | undefined;

/** The values of a row, in the order of the relation's columns. */
export type Tuple = readonly CellValue[];

/** Old values: of the replica identity's columns only (the others are null), or of all. */
export interface OldTuple {
  readonly holds: 'key' | 'row';
  readonly values: Tuple;
}

/** A message of the logical replication protocol, version 1 (PostgreSQL documentation, "Logical Replication Message Formats"). */
export type LogicalMessage =
  /** `commitLsn`: of the commit record. `committedAt`: microseconds since 1970. */
  | { readonly kind: 'begin'; readonly commitLsn: bigint; readonly committedAt: number; readonly xid: number }
  | { readonly kind: 'commit'; readonly commitLsn: bigint; readonly endLsn: bigint }
  | { readonly kind: 'relation'; readonly relation: Relation }
  | { readonly kind: 'insert'; readonly oid: number; readonly new: Tuple }
  | { readonly kind: 'update'; readonly oid: number; readonly old?: OldTuple; readonly new: Tuple }
  | { readonly kind: 'delete'; readonly oid: number; readonly old: OldTuple }
  | {
      readonly kind: 'truncate';
      readonly oids: readonly number[];
      readonly cascade: boolean;
      readonly identity: boolean;
    }
  | { readonly kind: 'message'; readonly transactional: boolean; readonly prefix: string; readonly content: Buffer }
  /** Types and origins, which say nothing that the catalogue does not. */
  | { readonly kind: 'other'; readonly letter: string };

const identities: Readonly<Record<string, ReplicaIdentity>> = { d: 'default', n: 'nothing', f: 'full', i: 'index' };

/** Microseconds from 1970 to PostgreSQL's own epoch, the start of 2000. */
export const postgresEpoch = 946_684_800_000_000;

/**
 * Reads one message. The values are copies: the buffer may be reused.
 *
 * @throws MalformedMessage for bytes that are no message
 */
export function decodeMessage(bytes: Buffer): LogicalMessage {
  const reader = new ByteReader(bytes);
  const letter = reader.letter();
  switch (letter) {
    case 'B':
      return {
        kind: 'begin',
        commitLsn: reader.uint64(),
        committedAt: Number(reader.int64()) + postgresEpoch,
        xid: reader.uint32(),
      };
    case 'C':
      reader.byte();
      return { kind: 'commit', commitLsn: reader.uint64(), endLsn: reader.uint64() };
    case 'R':
      return { kind: 'relation', relation: readRelation(reader) };
    case 'I':
      return { kind: 'insert', oid: reader.uint32(), new: readNew(reader, reader.letter()) };
    case 'U':
      return readUpdate(reader);
    case 'D':
      return { kind: 'delete', oid: reader.uint32(), old: readOld(reader, reader.letter()) };
    case 'T':
      return readTruncate(reader);
    case 'M':
      return readLogicalMessage(reader);
    case 'Y':
    case 'O':
      return { kind: 'other', letter };
    default:
      throw new MalformedMessage(`there is no message ${JSON.stringify(letter)}`);
  }
}

function readRelation(reader: ByteReader): Relation {
  const oid = reader.uint32();
  // The empty name stands for pg_catalog.
  const schema = reader.cString() || 'pg_catalog';
  const name = reader.cString();
  const replicaIdentity = identities[reader.letter()];
  if (!replicaIdentity) throw new MalformedMessage('there is no such replica identity');
  const columns = Array.from({ length: reader.int16() }, () => {
    const isKey = (reader.byte() & 1) === 1;
    return { isKey, name: reader.cString(), typeOid: reader.uint32(), typeModifier: reader.int32() };
  });
  return { oid, schema, name, replicaIdentity, columns };
}

function readUpdate(reader: ByteReader): LogicalMessage {
  const oid = reader.uint32();
  const first = reader.letter();
  if (first === 'N') return { kind: 'update', oid, new: readTuple(reader) };
  const old = readOld(reader, first);
  return { kind: 'update', oid, old, new: readNew(reader, reader.letter()) };
}

function readNew(reader: ByteReader, letter: string): Tuple {
  if (letter !== 'N') throw new MalformedMessage('a new row was expected');
  return readTuple(reader);
}

function readOld(reader: ByteReader, letter: string): OldTuple {
  if (letter !== 'K' && letter !== 'O') throw new MalformedMessage('an old row was expected');
  return { holds: letter === 'K' ? 'key' : 'row', values: readTuple(reader) };
}

function readTuple(reader: ByteReader): Tuple {
  const count = reader.int16();
  // Every value takes a byte at least: a count from a broken message must not make a huge array.
  if (count > reader.remaining) throw new MalformedMessage('the message is too short');
  const values: CellValue[] = [];
  for (let index = 0; index < count; index++) values.push(readValue(reader));
  return values;
}

function readValue(reader: ByteReader): CellValue {
  switch (reader.letter()) {
    case 'n':
      return null;
    case 'u':
      return undefined;
    case 't':
      return reader.text(reader.int32());
    case 'b':
      return reader.bytes(reader.int32());
    default:
      throw new MalformedMessage('there is no such kind of value');
  }
}

function readTruncate(reader: ByteReader): LogicalMessage {
  const count = reader.int32();
  const options = reader.byte();
  if (count < 0 || count * 4 > reader.remaining) throw new MalformedMessage('the message is too short');
  const oids = Array.from({ length: count }, () => reader.uint32());
  return { kind: 'truncate', oids, cascade: (options & 1) === 1, identity: (options & 2) === 2 };
}

function readLogicalMessage(reader: ByteReader): LogicalMessage {
  const transactional = (reader.byte() & 1) === 1;
  reader.uint64();
  const prefix = reader.cString();
  return { kind: 'message', transactional, prefix, content: reader.bytes(reader.int32()) };
}
