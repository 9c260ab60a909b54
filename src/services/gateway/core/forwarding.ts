import { BlockList, isIP } from 'node:net';

/** Headers that only a proxy may set; from anybody else they are replaced. */
export const forwardedHeaders = [
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-path',
  'x-forwarded-prefix',
  'x-real-ip',
  'sb-forwarded-for',
  'forwarded',
] as const;

/** A test whether an address belongs to a proxy whose word counts. @throws Error naming an entry that is no address or range */
export function createProxyTrust(entries: readonly string[]): (address: string) => boolean {
  if (entries.length === 0) return () => false;
  const trusted = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address);
    if (family === 0) throw new Error(`${entry} is no address or CIDR range`);
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) trusted.addAddress(address, type);
    else trusted.addSubnet(address, Number(bits), type);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    const family = isIP(plain);
    return family !== 0 && trusted.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

/**
 * The client's address: walking the chain from the nearest hop outwards, the first address that is no trusted proxy.
 *
 * @param chain value of `X-Forwarded-For`
 */
export function clientAddress(
  peer: string,
  chain: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  if (!chain || !isTrusted(peer)) return peer;
  const hops = chain.split(',').map((hop) => hop.trim());
  for (let index = hops.length - 1; index >= 0; index--) {
    const hop = hops[index] as string;
    if (isIP(hop) === 0) return peer;
    if (!isTrusted(hop)) return hop;
  }
  return hops[0] as string;
}
