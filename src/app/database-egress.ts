import { createEgress, type Egress } from '#kernel/egress';
import type { StackSettings } from './settings.ts';

/** Names by which programs in the compose file's network know the gateway. */
const gatewayNames = new Set(['kong', 'supabase-kong']);

/**
 * The way out for requests that SQL asks for (pg_net, webhooks, http): the public internet, what
 * `STACK_EGRESS_ALLOW` names, and this stack's own gateway, which `http://kong:8000` means too.
 *
 * @param gateway its URL; empty where none is served
 */
export function createDatabaseEgress(
  settings: Pick<StackSettings, 'egressAllow' | 'publicUrl'>,
  gateway: string,
): Egress {
  const own = [gateway, settings.publicUrl ?? ''].filter((url) => URL.canParse(url)).map(authorityOf);
  const egress = createEgress({ allowed: [...settings.egressAllow, ...own.flatMap(spellings)] });
  const resolve = (target: string | URL): string | URL => {
    if (!URL.canParse(gateway) || !URL.canParse(String(target))) return target;
    const url = new URL(target);
    if (!gatewayNames.has(url.hostname)) return target;
    return new URL(url.pathname + url.search, gateway);
  };
  return {
    check: (target) => egress.check(resolve(target)),
    request: (target, request) => egress.request(resolve(target), request),
  };
}

interface Authority {
  readonly host: string;
  readonly port: number;
}

function authorityOf(text: string): Authority {
  const url = new URL(text);
  return { host: url.hostname, port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80) };
}

// A gateway on loopback is meant by each of its names.
function spellings({ host, port }: Authority): string[] {
  const loopback = ['localhost', '127.0.0.1', '[::1]'];
  return (loopback.includes(host) ? loopback : [host]).map((name) => `${name}:${port}`);
}
