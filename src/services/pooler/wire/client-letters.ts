/** Type letters of what clients send once they are logged in. */
export const letters = {
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  execute: 0x45,
  close: 0x43,
  flush: 0x48,
  sync: 0x53,
  query: 0x51,
  call: 0x46,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  terminate: 0x58,
} as const;

const known: ReadonlySet<number> = new Set(Object.values(letters));

/** Whether a message of this type may come from a client. */
export const isClientLetter = (type: number): boolean => known.has(type);
