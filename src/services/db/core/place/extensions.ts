import { fileURLToPath } from 'node:url';

/**
 * The product's folder of SQL-only extensions, with control and script files in `extension/`. It is the same number of
 * steps up from the sources and from the compiled files.
 */
export const ownExtensionsDir = (): string => fileURLToPath(new URL('../../../../../extensions', import.meta.url));
