/** What Node is told to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly ipv6Only: boolean;
}

const special: Readonly<Record<string, ListenAddress>> = {
  '*': { host: '::', ipv6Only: false },
  '*4': { host: '::', ipv6Only: false },
  '!4': { host: '0.0.0.0', ipv6Only: false },
  '*6': { host: '::', ipv6Only: false },
  '!6': { host: '::', ipv6Only: true },
};

/**
 * The address a host setting means: a name or address, or one of the special forms `*` `*4` `*6` (any), `!4` (any IPv4
 * address) and `!6` (any IPv6 address).
 */
export const listenAddress = (host: string): ListenAddress => special[host] ?? { host, ipv6Only: false };
