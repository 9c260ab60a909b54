/** A simple query about prepared statements, which is another matter where sessions are shared. */
export type StatementCommand =
  /** PREPARE or EXECUTE: belongs to a session that the client does not have. */
  { readonly kind: 'session' } | { readonly kind: 'deallocate'; readonly name: string };

const form =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:(prepare)\s+(?!transaction\b)|(execute)\s|deallocate\s+(?:prepare\s+)?(?!all\b)("(?:[^"]|"")+"|[\w$\x80-\xff]+)\s*;?\s*$)/i;

/** Bytes of a query that are looked at: such commands begin it. */
const looked = 1_024;

/** Recognises such a command at the beginning of a Query's text, which ends with a zero byte. */
export function statementCommand(bytes: Buffer, from: number, to: number): StatementCommand | undefined {
  if (!mayBegin(bytes[from] as number)) return undefined;
  const match = form.exec(bytes.toString('latin1', from, Math.min(to - 1, from + looked)));
  if (!match) return undefined;
  const name = match[3];
  if (name === undefined) return { kind: 'session' };
  return {
    kind: 'deallocate',
    name: name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase(),
  };
}

// p, e, d in either case, blanks, and the beginnings of comments: most queries begin with none of these.
function mayBegin(byte: number): boolean {
  const lower = byte | 0x20;
  return lower === 0x70 || lower === 0x65 || lower === 0x64 || byte <= 0x20 || byte === 0x2d || byte === 0x2f;
}
