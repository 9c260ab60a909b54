/** Times of the room's requests. */
export interface RequestMetrics {
  /** @param route its pattern, e.g. `/tables/:id` */
  observe(method: string, route: string, status: number, seconds: number): void;
  /** Prometheus' text format, with the name and buckets that postgres-meta has. */
  render(): string;
}

const bounds = [0.05, 0.1, 0.5, 1, 3, 5, 10];
const name = 'http_request_duration_seconds';

/** Creates the metrics, all at zero. There are as many as routes and statuses, which are few. */
export function createRequestMetrics(): RequestMetrics {
  const families = new Map<string, { readonly counts: number[]; sum: number; count: number }>();
  return {
    observe(method, route, status, seconds) {
      const labels = `method="${method}",route="${route}",status_code="${status}"`;
      let family = families.get(labels);
      if (!family) {
        family = { counts: bounds.map(() => 0), sum: 0, count: 0 };
        families.set(labels, family);
      }
      family.sum += seconds;
      family.count++;
      for (const [index, bound] of bounds.entries())
        if (seconds <= bound) family.counts[index] = (family.counts[index] as number) + 1;
    },
    render() {
      const lines = [`# HELP ${name} request duration in seconds`, `# TYPE ${name} histogram`];
      for (const [labels, { counts, sum, count }] of families) {
        for (const [index, bound] of bounds.entries())
          lines.push(`${name}_bucket{le="${bound}",${labels}} ${counts[index]}`);
        lines.push(
          `${name}_bucket{le="+Inf",${labels}} ${count}`,
          `${name}_sum{${labels}} ${sum}`,
          `${name}_count{${labels}} ${count}`,
        );
      }
      return `${lines.join('\n')}\n`;
    },
  };
}
