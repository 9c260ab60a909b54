/** What the operator says of a function, in `config.toml` or at its deployment. Paths are absolute. */
export interface FunctionOptions {
  readonly enabled?: boolean;
  readonly verifyJwt?: boolean;
  readonly entrypoint?: string;
  readonly importMap?: string;
  /** Patterns of files it may read beside its own folder; `*` and `**` as in config.toml. */
  readonly staticFiles?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A function as it stands on disk. Another `revision` is another function of the same name. */
export interface FunctionDefinition {
  readonly name: string;
  readonly folder: string;
  /** Absolute path of its module. */
  readonly entry: string;
  readonly verifyJwt: boolean;
  readonly enabled: boolean;
  /** Where its imports are mapped; at most one. */
  readonly imports: ImportSource | undefined;
  /** Folders and files it may read: its own, and those of the project that are no functions. */
  readonly readable: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** True when it seems to serve with `node:http`, which takes longer to load. */
  readonly nodeServer: boolean;
  readonly revision: string;
  /** Milliseconds since the epoch of the newest of its files. */
  readonly changedAt: number;
}

/** A file that says what bare imports mean. */
export interface ImportSource {
  readonly kind: 'config' | 'import-map' | 'package';
  readonly path: string;
}
