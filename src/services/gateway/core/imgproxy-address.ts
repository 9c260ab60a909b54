import type { GatewaySettings } from '../settings.ts';

/** Where imgproxy listens by itself. */
export interface ImgproxyAddress {
  readonly port: number;
  readonly setting: string;
  /** Undefined: that of all ports. */
  readonly host?: string;
  readonly socket?: { readonly path: string; readonly mode: number };
}

/** Reads `IMGPROXY_BIND` as imgproxy does: an address left out is every address. */
export function imgproxyAddress(
  settings: Pick<GatewaySettings, 'directImgproxyBind' | 'directImgproxyNetwork' | 'directImgproxyPort'>,
): ImgproxyAddress {
  const { directImgproxyBind: bind, directImgproxyNetwork: network, directImgproxyPort: port } = settings;
  if (bind === undefined) return { port, setting: 'GATEWAY_DIRECT_IMGPROXY_PORT' };
  if (network === 'unix') return { port: 0, setting: 'IMGPROXY_BIND', socket: { path: bind, mode: 0o660 } };
  const at = bind.lastIndexOf(':');
  const host = bind.slice(0, at).replace(/^\[|\]$/g, '');
  const everywhere = network === 'tcp4' ? '0.0.0.0' : '::';
  return { port: Number(bind.slice(at + 1)), setting: 'IMGPROXY_BIND', host: host || everywhere };
}
