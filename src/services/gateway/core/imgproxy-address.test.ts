import { expect, test } from 'vitest';
import { imgproxyAddress } from './imgproxy-address.ts';

test.each([
  [undefined, 'tcp', { port: 5001, setting: 'GATEWAY_DIRECT_IMGPROXY_PORT' }],
  [':8080', 'tcp', { port: 8080, setting: 'IMGPROXY_BIND', host: '::' }],
  [':8080', 'tcp4', { port: 8080, setting: 'IMGPROXY_BIND', host: '0.0.0.0' }],
  ['127.0.0.1:80', 'tcp', { port: 80, setting: 'IMGPROXY_BIND', host: '127.0.0.1' }],
  ['[::1]:80', 'tcp6', { port: 80, setting: 'IMGPROXY_BIND', host: '::1' }],
  ['/run/i.sock', 'unix', { port: 0, setting: 'IMGPROXY_BIND', socket: { path: '/run/i.sock', mode: 0o660 } }],
] as const)('%s by %s', (directImgproxyBind, directImgproxyNetwork, expected) => {
  const settings = { directImgproxyBind, directImgproxyNetwork, directImgproxyPort: 5001 };
  expect(imgproxyAddress(settings)).toEqual(expected);
});
