import type { Readable } from 'node:stream';
import type { Egress } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';

/** What imgproxy needs from elsewhere. */
export interface ImgproxyPorts {
  /** The way to http(s) sources; told which addresses beside the public ones the settings let in. */
  readonly egress: (alsoAllowed: readonly string[]) => Egress;
  /** Folder of the result cache unless a setting says otherwise. */
  readonly cacheFolder: string;
  readonly clock?: Clock;
}

/** An original that another room keeps. */
export interface OriginalImage {
  /** Changes whenever the content does. */
  readonly version: string;
  readonly size: number;
  readonly contentType: string;
  /** Opens the content. */
  open(): Promise<Readable>;
}

/** What another room wants made of it. */
export interface WantedImage {
  readonly width?: number;
  readonly height?: number;
  /** cover crops, contain fits inside, fill distorts; meaningless without a size. */
  readonly resize: 'cover' | 'contain' | 'fill';
  readonly quality?: number;
  /** `origin` keeps the original's format, whatever the client accepts; undefined leaves the choice to the settings. */
  readonly format?: 'origin' | 'avif' | 'webp';
  /** imgproxy's gravity with its offsets, `noea:10:10`. */
  readonly gravity?: string;
  /** Megapixels of the original at most, where that is less than the settings allow. */
  readonly maxResolution?: number;
  /** The client's Accept header. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** A result for another room. */
export interface FinishedImage {
  readonly body: Buffer;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What imgproxy offers other rooms. */
export interface ImgproxyApi {
  /** @throws ServiceError of the room's catalogue, with code, status and text */
  transform(original: OriginalImage, wanted: WantedImage): Promise<FinishedImage>;
}
