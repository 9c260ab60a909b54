/** Where a server is. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host`, `host:port`, `[::1]:port` or `/socket/folder:port`. @returns undefined for anything else */
export function parseReadHost(text: string, defaultPort: number): HostAndPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
