/** Puts a PNG into an icon file with one entry (the form every browser since 2010 reads). @param width up to 256 */
export function wrapIcon(png: Buffer, width: number, height: number): Buffer {
  const head = Buffer.alloc(22);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(1, 4);
  // 256 is written as 0.
  head[6] = width % 256;
  head[7] = height % 256;
  head.writeUInt16LE(1, 10);
  head.writeUInt16LE(32, 12);
  head.writeUInt32LE(png.length, 14);
  head.writeUInt32LE(head.length, 18);
  return Buffer.concat([head, png]);
}

/** What an icon file holds: a whole PNG, or a bitmap without its file header. */
export type IconImage =
  | { readonly kind: 'png'; readonly data: Buffer }
  | { readonly kind: 'bitmap'; readonly data: Buffer };

/** The largest image of an icon file; undefined where there is none within the file. */
export function largestIcon(file: Buffer): IconImage | undefined {
  if (file.length < 6) return undefined;
  const count = file.readUInt16LE(4);
  let best: { size: number; depth: number; data: Buffer } | undefined;
  for (let index = 0; index < count; index++) {
    const entry = 6 + index * 16;
    if (entry + 16 > file.length) break;
    const size = (file[entry] || 256) * (file[entry + 1] || 256);
    const depth = file.readUInt16LE(entry + 6);
    const [length, start] = [file.readUInt32LE(entry + 8), file.readUInt32LE(entry + 12)];
    if (start + length > file.length || length < 40) continue;
    if (best === undefined || size > best.size || (size === best.size && depth > best.depth))
      best = { size, depth, data: file.subarray(start, start + length) };
  }
  if (best === undefined) return undefined;
  return { kind: best.data.readUInt32BE(0) === 0x89504e47 ? 'png' : 'bitmap', data: best.data };
}
