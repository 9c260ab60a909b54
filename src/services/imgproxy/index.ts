export { type ImgproxyDeps, imgproxyRoom } from './create.ts';
export { imgproxyErrors } from './errors.ts';
export type { FinishedImage, ImgproxyApi, ImgproxyPorts, OriginalImage, WantedImage } from './ports.ts';
export { type ImgproxySettings, imgproxySettings, originalImgproxyDefaults } from './settings.ts';
