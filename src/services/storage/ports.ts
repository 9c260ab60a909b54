import type { Readable } from 'node:stream';
import type { Bus } from '#kernel/bus';
import type { Egress } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** An original that is to be transformed. */
export interface ImageSource {
  /** Changes whenever the content does: an object's content never changes under one version. */
  readonly version: string;
  readonly size: number;
  readonly contentType: string;
  /** Opens the content. */
  open(): Promise<Readable>;
  /** Where an engine elsewhere finds it: `local:///…` or a URL that is good for a while; escaped for use in a path. */
  url(): Promise<string>;
}

/** What is to be made of an original (imgproxy's names of the same). */
export interface ImageOptions {
  readonly width?: number;
  readonly height?: number;
  /** cover crops, contain fits inside, fill distorts; meaningless without a size. */
  readonly resize: 'cover' | 'contain' | 'fill';
  /** 20–100; undefined is the engine's default. */
  readonly quality?: number;
  /** `origin` keeps the original's format, whatever the client accepts; undefined leaves the choice to the engine. */
  readonly format?: 'origin' | 'avif' | 'webp';
  /** What is kept where something is cut off: imgproxy's gravity with its offsets, `noea:10:10`. */
  readonly gravity?: string;
  /** The client's Accept header, for that choice. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** A transformed image. */
export interface TransformedImage {
  readonly body: Readable | Buffer;
  /** Content-Type, Content-Length, Last-Modified and the like; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Why an image could not be made, in the engine's words and with its status. */
export interface ImageFailure extends Error {
  readonly status: number;
  /** The exact reason, where the engine's public word for it is more general. */
  readonly details?: unknown;
}

/** What storage needs from elsewhere. */
export interface StoragePorts {
  /** Where the database is, under `supabase_storage_admin`. Asked for at start. */
  readonly database: () => ConnectionOptions;
  /**
   * The same under a role that works on the product's queue of deliveries. Absent: that of storage itself, which makes the queue.
   */
  readonly deliveryDatabase?: () => ConnectionOptions;
  /** Folder of the file backend unless a setting says otherwise. */
  readonly defaultFolder: string;
  /** Events leave here. */
  readonly bus: Bus;
  readonly egress: Egress;
  /**
   * Transforms an image. Absent: images are served as they are nowhere, and render routes answer that the feature is
   * off. @throws ImageFailure
   */
  readonly transform?: (source: ImageSource, options: ImageOptions) => Promise<TransformedImage>;
  readonly clock?: Clock;
}
