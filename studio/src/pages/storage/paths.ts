/** An entry of a folder as storage lists it; folders have no id. */
export interface ListedObject {
  readonly name: string;
  readonly id: string | null;
  readonly updated_at: string | null;
  readonly metadata: { readonly size?: number; readonly mimetype?: string } | null;
}

/** A file or folder as it is shown. */
export interface Entry {
  readonly name: string;
  /** In its bucket. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly size: number | undefined;
  readonly type: string | undefined;
  readonly changedAt: string | null;
}

/** A path in a URL: each part escaped, its slashes kept. */
export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** A name within a folder. */
export const joinPath = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** The folder a path is in; empty at the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Where a path that lay in one folder goes with another. */
export const movedPath = (path: string, from: string, to: string): string =>
  joinPath(to, from === '' ? path : path.slice(from.length + 1));

/** What is in a folder. The file that keeps an empty folder is left out. */
export const entriesOf = (listed: readonly ListedObject[], folder: string): readonly Entry[] =>
  listed.map(({ name, id, updated_at, metadata }) => ({
    name,
    path: joinPath(folder, name),
    isFolder: id === null,
    size: metadata?.size,
    type: metadata?.mimetype,
    changedAt: updated_at,
  }));

/** The steps that lead to a folder, the top among them. */
export const stepsTo = (folder: string): readonly { readonly name: string; readonly path: string }[] =>
  folder === '' ? [] : folder.split('/').map((name, index, all) => ({ name, path: all.slice(0, index + 1).join('/') }));

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes in words. */
export function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Bytes somebody typed: a number, with a unit or without. @throws Error with a sentence */
export function readSize(text: string): number | null {
  if (text.trim() === '') return null;
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(text.trim());
  if (!match) throw new Error('Write a size like 500 kB, 50 MB or 2 GB');
  const factor = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }[(match[2] ?? 'b').toLowerCase()] ?? 1;
  return Math.round(Number(match[1]) * factor);
}
