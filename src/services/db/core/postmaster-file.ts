/** What `postmaster.pid` says (PostgreSQL source, `miscadmin.h`, "LOCK_FILE_LINE"). */
export interface PostmasterFile {
  readonly pid: number;
  readonly dataDir: string;
  readonly port: number | undefined;
  readonly socketDir: string | undefined;
  readonly status: string | undefined;
}

/** Reads the text of a `postmaster.pid`; undefined when it is cut short or no such file at all. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  const dataDir = lines[1];
  // A stand-alone backend writes its pid negated.
  if (!Number.isSafeInteger(pid) || pid === 0 || !dataDir) return undefined;
  const port = Number(lines[3]);
  return {
    pid: Math.abs(pid),
    dataDir,
    port: lines[3] && Number.isSafeInteger(port) ? port : undefined,
    socketDir: lines[4] || undefined,
    status: lines[7] || undefined,
  };
}
