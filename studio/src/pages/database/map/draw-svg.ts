import { type Box, type Line, type Place, rowMiddle, sizes } from './layout.ts';

const colours = {
  light: { ground: '#ffffff', raised: '#ffffff', head: '#f6f8f9', line: '#868e96', ink: '#14181b', soft: '#57606a' },
  dark: { ground: '#101315', raised: '#1b2024', head: '#15191c', line: '#69727b', ink: '#eceff1', soft: '#a5aeb6' },
} as const;

/** Colours of a drawing. */
export type DrawingColours = keyof typeof colours;

const margin = 32;

/** The map as a drawing of its own (SVG 1.1), for documents. */
export function drawSvg(
  boxes: readonly Box[],
  lines: readonly Line[],
  places: ReadonlyMap<string, Place>,
  scheme: DrawingColours,
): string {
  const paint = colours[scheme];
  const at = (id: string): Place => places.get(id) ?? { x: 0, y: 0 };
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const left = Math.min(...boxes.map(({ id }) => at(id).x), 0) - margin;
  const top = Math.min(...boxes.map(({ id }) => at(id).y), 0) - margin;
  const width = Math.max(...boxes.map(({ id }) => at(id).x + sizes.width), 0) + margin - left;
  const height = Math.max(...boxes.map(({ id, height: tall }) => at(id).y + tall), 0) + margin - top;
  const drawnLines = lines.flatMap(({ from, to, fromColumn, toColumn }) => {
    const [source, target] = [byId.get(from), byId.get(to)];
    if (!source || !target) return [];
    const [x1, y1] = [at(from).x + sizes.width, at(from).y + rowMiddle(source, fromColumn)];
    const [x2, y2] = [at(to).x, at(to).y + rowMiddle(target, toColumn)];
    const bend = Math.max(40, Math.abs(x2 - x1) / 2);
    return [`<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" marker-end="url(#end)"/>`];
  });
  const drawnBoxes = boxes.map((box) => {
    const { x, y } = at(box.id);
    const rows = box.table.columns.slice(0, sizes.mostRows).map(({ name, type, key }, row) => {
      const middle = y + sizes.head + (row + 0.5) * sizes.row + 4;
      return `<text x="${x + 12}" y="${middle}"${key ? ' font-weight="600"' : ''}>${escaped(short(name, 18))}</text><text x="${x + sizes.width - 12}" y="${middle}" text-anchor="end" fill="${paint.soft}">${escaped(short(type, 14))}</text>`;
    });
    const hidden = box.table.columns.length - sizes.mostRows;
    if (hidden > 0)
      rows.push(
        `<text x="${x + 12}" y="${y + box.height - 8}" fill="${paint.soft}">${hidden} more ${hidden === 1 ? 'column' : 'columns'}</text>`,
      );
    return `<g><rect x="${x}" y="${y}" width="${sizes.width}" height="${box.height}" rx="8" fill="${paint.raised}" stroke="${paint.line}"${box.outside ? ' stroke-dasharray="4 3"' : ''}/><path d="M${x} ${y + sizes.head}h${sizes.width}" stroke="${paint.line}"/><text x="${x + 12}" y="${y + 23}" font-weight="600" font-size="14">${escaped(short(box.outside ? `${box.schema}.${box.table.name}` : box.table.name, 28))}</text>${rows.join('')}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="${paint.ink}">`,
    `<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M1 1l6 3-6 3" fill="none" stroke="${paint.soft}"/></marker></defs>`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${paint.ground}"/>`,
    `<g fill="none" stroke="${paint.soft}" stroke-width="1.25">${drawnLines.join('')}</g>`,
    ...drawnBoxes,
    '</svg>',
  ].join('\n');
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const escaped = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[mark] ?? mark,
  );

// Canvases are bounded by browsers; a larger map is drawn smaller.
const mostPixels = 8_000;

/** Paints a drawing. @throws Error when the browser cannot */
export async function paintPng(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const scale = Math.min(2, mostPixels / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (!blob) throw new Error('The browser cannot make an image of this map');
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}
