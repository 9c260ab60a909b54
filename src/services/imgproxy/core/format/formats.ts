/** Image formats by imgproxy's names. */
export type Format = 'jpeg' | 'jxl' | 'png' | 'webp' | 'gif' | 'ico' | 'svg' | 'heic' | 'avif' | 'bmp' | 'tiff';

/** What is known of a format. */
export interface FormatTraits {
  readonly mime: string;
  readonly extension: string;
  readonly alpha: boolean;
  readonly animation: boolean;
  /** Drawn from a description, so that it can be enlarged without loss. */
  readonly vector: boolean;
  /** The engine can decode it. */
  readonly readable: boolean;
  /** The engine can encode it. */
  readonly writable: boolean;
  /** Pixels a side of it can have at most; 0 is no bound worth naming. */
  readonly maxSide: number;
}

const raster = { alpha: true, animation: false, vector: false, readable: true, writable: true, maxSide: 0 };

/** All formats. The engine's libvips has no decoder for HEVC (patents) and none for JPEG XL. */
export const formats: Readonly<Record<Format, FormatTraits>> = {
  jpeg: { ...raster, mime: 'image/jpeg', extension: 'jpg', alpha: false, maxSide: 65_535 },
  jxl: { ...raster, mime: 'image/jxl', extension: 'jxl', animation: true, readable: false, writable: false },
  png: { ...raster, mime: 'image/png', extension: 'png' },
  webp: { ...raster, mime: 'image/webp', extension: 'webp', animation: true, maxSide: 16_383 },
  gif: { ...raster, mime: 'image/gif', extension: 'gif', animation: true, maxSide: 65_535 },
  ico: { ...raster, mime: 'image/x-icon', extension: 'ico', maxSide: 256 },
  svg: { ...raster, mime: 'image/svg+xml', extension: 'svg', vector: true, writable: false },
  heic: { ...raster, mime: 'image/heif', extension: 'heic', readable: false, writable: false },
  avif: { ...raster, mime: 'image/avif', extension: 'avif', maxSide: 16_384 },
  bmp: { ...raster, mime: 'image/bmp', extension: 'bmp' },
  tiff: { ...raster, mime: 'image/tiff', extension: 'tiff' },
};

/** The format a URL or setting means by a word; `jpg` is another word for jpeg. */
export function formatNamed(word: string): Format | undefined {
  if (word === 'jpg') return 'jpeg';
  return Object.hasOwn(formats, word) ? (word as Format) : undefined;
}
