/** Address of the peer of a request. */
export interface RemoteAddress {
  readonly transport: string;
  readonly hostname: string;
  readonly port: number;
}

/** What `Deno.serve` tells a handler beside the request. */
export interface ServeInfo {
  readonly remoteAddr: RemoteAddress;
  readonly completed: Promise<void>;
}

/** A handler of requests. */
export type Handler = (request: Request, info: ServeInfo) => Response | Promise<Response>;

/** Options of `Deno.serve`, as far as they are looked at here. */
export interface ServeOptions {
  readonly path?: string;
  readonly handler?: Handler;
  readonly onListen?: (address: RemoteAddress) => void;
  readonly [other: string]: unknown;
}

/** What `Deno.serve` gives back. */
export interface HttpServer {
  readonly finished: Promise<void>;
  readonly addr: unknown;
  ref(): void;
  unref(): void;
  shutdown(): Promise<void>;
}

/** The part of the Deno namespace that is used or replaced here. */
export interface DenoNamespace {
  readonly args: readonly string[];
  readonly version: { readonly deno: string; readonly v8: string; readonly typescript: string };
  /** `read` gives the number of bytes, null at the end. */
  readonly stdin: { read(into: Uint8Array): Promise<number | null> };
  readonly stdout: { writeSync(bytes: Uint8Array): number };
  readonly env: { get(name: string): string | undefined; delete(name: string): void };
  readonly internal: symbol;
  readonly [internal: symbol]: {
    Console?: new (print: (text: string, level: number) => void) => object;
    core?: {
      /** A value that holds in what is called and in what is awaited there. */
      AsyncVariable?: new () => { enter(value: unknown): unknown; get(): unknown };
      /** Goes back to what `enter` gave. */
      setAsyncContext?: (context: unknown) => void;
    };
  };
  serve: (options: ServeOptions, handler?: Handler) => HttpServer;
  exit(code?: number): never;
}

/** The namespace as the runtime provides it. These modules run in Deno, not in Node. */
export const deno = (globalThis as unknown as { Deno: DenoNamespace }).Deno;

/** Puts a value in the place of a property, however it was defined. */
export function replace(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
}
