import type { Labels, MetricFamily } from './family.ts';

/** Type of Prometheus' text format, version 0.0.4. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Families in that format. A name may stand only once; see `mergeFamilies`. */
export function renderMetrics(families: readonly MetricFamily[]): string {
  return families.map(renderFamily).join('');
}

function renderFamily(family: MetricFamily): string {
  const { name, type, help } = family;
  const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  if (family.type !== 'histogram')
    return head + family.samples.map(({ labels, value }) => `${name}${label(labels)} ${number(value)}\n`).join('');
  const lines: string[] = [];
  for (const { labels, bounds, counts, sum, count } of family.samples) {
    for (const [index, bound] of bounds.entries())
      lines.push(`${name}_bucket${label({ ...labels, le: String(bound) })} ${number(counts[index] ?? 0)}\n`);
    lines.push(
      `${name}_bucket${label({ ...labels, le: '+Inf' })} ${number(count)}\n`,
      `${name}_sum${label(labels)} ${number(sum)}\n`,
      `${name}_count${label(labels)} ${number(count)}\n`,
    );
  }
  return head + lines.join('');
}

function label(labels: Labels): string {
  const pairs = Object.entries(labels);
  return pairs.length === 0 ? '' : `{${pairs.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')}}`;
}

const escapeValue = (text: string): string => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
