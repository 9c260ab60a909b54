/** What is kept of the metadata for the sake of who made the image. */
export interface Copyright {
  readonly artist?: string;
  readonly copyright?: string;
}

const artistTag = 0x013b;
const copyrightTag = 0x8298;
const ascii = 2;

/**
 * Reads artist and copyright from EXIF data (TIFF 6.0, first directory). Damaged data has none.
 *
 * @param exif with or without `Exif\0\0` before it
 */
export function readCopyright(exif: Buffer): Copyright {
  const data = exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
  const order = data.toString('latin1', 0, 2);
  if ((order !== 'II' && order !== 'MM') || data.length < 8) return {};
  const little = order === 'II';
  const short = (at: number) => (little ? data.readUInt16LE(at) : data.readUInt16BE(at));
  const long = (at: number) => (little ? data.readUInt32LE(at) : data.readUInt32BE(at));
  const directory = long(4);
  if (directory + 2 > data.length) return {};
  const found: { artist?: string; copyright?: string } = {};
  const count = short(directory);
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + index * 12;
    if (entry + 12 > data.length) break;
    const tag = short(entry);
    if ((tag !== artistTag && tag !== copyrightTag) || short(entry + 2) !== ascii) continue;
    const length = long(entry + 4);
    const start = length <= 4 ? entry + 8 : long(entry + 8);
    if (length > maxLength || start + length > data.length) continue;
    const text = data
      .toString('utf8', start, start + length)
      .replace(/\0/g, ' ')
      .trim();
    if (text !== '') found[tag === artistTag ? 'artist' : 'copyright'] = text;
  }
  return found;
}

const maxLength = 4_096;
