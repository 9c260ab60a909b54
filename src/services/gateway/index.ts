export { type ImgproxyAddress, imgproxyAddress } from './core/imgproxy-address.ts';
export { type GatewayApi, type GatewayDeps, gatewayRoom } from './create.ts';
export { gatewayErrors } from './errors.ts';
export type { GatewayPorts } from './ports.ts';
export { type GatewaySettings, gatewaySettings } from './settings.ts';
export { createRemoteTarget } from './wire/remote.ts';
