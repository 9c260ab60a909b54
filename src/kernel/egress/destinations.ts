import { BlockList, isIP } from 'node:net';
import { StartupError } from '#kernel/errors';

/** The setting that lists the exceptions. */
export const egressSetting = 'STACK_EGRESS_ALLOW';

/** Where a request goes: the name it was asked for by, and an address that the name stands for. */
export interface Destination {
  /** As in a URL, without brackets; lower case. */
  readonly host: string;
  readonly port: number;
  readonly address: string;
}

/** Decides which destinations may be reached. */
export interface EgressRules {
  /**
   * @param byOperator true for URLs that stand in the settings: whoever wrote them may mean the own network, but never
   *   the address where clouds hand out their machines' credentials
   */
  allows(destination: Destination, byOperator?: boolean): boolean;
}

// IANA special-purpose address registries: everything that is not globally reachable, and everything that carries an
// IPv4 address inside (NAT64, 6to4, Teredo), which could name such a one again.
const notPublic = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const credentials = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128'];

/**
 * Rules from a list of exceptions.
 *
 * @param allowed host names (`hooks.internal`, `*.internal`), addresses or CIDR ranges, each with an optional `:port`
 *   (IPv6 in brackets then) that the rules do not apply to
 * @throws StartupError for an entry that is none of these
 */
export function createEgressRules(allowed: readonly string[]): EgressRules {
  const exceptions = allowed.map(parseException);
  const forbidden = ranges(notPublic);
  const never = ranges(credentials);
  return {
    allows(destination, byOperator = false) {
      if (exceptions.some((matches) => matches(destination))) return true;
      return !contains(byOperator ? never : forbidden, destination.address);
    },
  };
}

function parseException(entry: string): (destination: Destination) => boolean {
  const { name, port } = splitPort(entry.trim().toLowerCase());
  const portMatches = (destination: Destination) => port === undefined || destination.port === port;
  const [base = '', bits] = name.split('/');
  if (isIP(base) && (bits === undefined || isPrefix(bits, base))) {
    const list = ranges([bits === undefined ? `${base}/${isIP(base) === 4 ? 32 : 128}` : name]);
    return (destination) => portMatches(destination) && contains(list, destination.address);
  }
  if (!/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name))
    throw new StartupError(`${JSON.stringify(entry)} is no host, address or range`, egressSetting);
  if (name.startsWith('*.')) return (d) => portMatches(d) && d.host.endsWith(name.slice(1));
  return (destination) => portMatches(destination) && destination.host === name;
}

function splitPort(entry: string): { name: string; port?: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(entry);
  if (!match) return { name: entry };
  const name = match[1] ?? match[2] ?? '';
  return match[3] === undefined ? { name } : { name, port: Number(match[3]) };
}

const isPrefix = (bits: string, base: string) =>
  /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(base) === 4 ? 32 : 128);

function ranges(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [base = '', bits = ''] = entry.split('/');
    list.addSubnet(base, Number(bits), isIP(base) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  const bare = address.split('%')[0] ?? '';
  const family = isIP(bare);
  // What is no address at all is refused by being in every list.
  if (family === 0) return true;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  return mapped ? list.check(mapped, 'ipv4') : list.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
