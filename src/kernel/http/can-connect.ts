import { connect } from 'node:net';

/**
 * Whether somebody accepts connections at an address.
 *
 * @param url as a listener tells it: `http://host:port` or `unix:/path`
 * @param timeout in milliseconds
 */
export function canConnect(url: string, timeout = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = url.startsWith('unix:') ? connect(url.slice('unix:'.length)) : connect(portAndHost(url));
    const end = (accepted: boolean) => {
      probe.destroy();
      resolve(accepted);
    };
    probe.setTimeout(timeout, () => end(false));
    probe.once('connect', () => end(true));
    probe.once('error', () => end(false));
  });
}

function portAndHost(url: string): { port: number; host: string } {
  const { hostname, port, protocol } = new URL(url);
  const standard = protocol === 'https:' ? 443 : 80;
  return { port: Number(port) || standard, host: hostname.replace(/^\[|\]$/g, '') };
}
