/** How far functions reach: everywhere; not into private networks; or only where the operator says. */
export type Reach = 'open' | 'guarded' | 'closed';

/** Ranges of networks that are somebody's own, and where clouds hand out credentials. */
const privateRanges = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '[fd00:ec2::254]',
  '[::1]',
];

/** Listening on all addresses: a function that tries opens no port, and is started again with its server caught. */
const allAddresses = ['0.0.0.0', '[::]'];

/** All of 127.0.0.0/8 but 127.0.0.1, where this program's own doors are. */
const otherLoopback = [
  '127.0.0.0/32',
  ...Array.from({ length: 23 }, (_, bit) => `${dotted(0x7f000000 + 2 ** (bit + 1))}/${31 - bit}`),
];

/**
 * Deno's arguments for a worker's network. Names are resolved first and every address is held against the ranges; Deno
 * knows no ranges of IPv6.
 *
 * @param allowed hosts with optional ports for `closed`
 * @param socket where the worker itself listens
 */
export function networkArguments(reach: Reach, allowed: readonly string[], socket: string): string[] {
  if (reach === 'closed') return [`--allow-net=${[`unix:${socket}`, ...allowed].join(',')}`];
  const denied = reach === 'guarded' ? [...allAddresses, ...privateRanges, ...otherLoopback] : allAddresses;
  return ['--allow-net', `--deny-net=${denied.join(',')}`];
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
