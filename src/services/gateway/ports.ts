import type { Health, Mount } from '#kernel/lifecycle';
import type { RequestNews } from '#kernel/log';
import type { MetricFamily } from '#kernel/metrics';
import type { Tracer } from '#kernel/trace';

/** What the gateway needs from the rest of the program. It knows mounts by name, never a room. */
export interface GatewayPorts {
  /** False: this process has no public edge; only the own ports of the rooms it runs are opened. */
  readonly edge: boolean;
  /** The mount of that name, where a room in this process offers one. */
  readonly mount: (name: string) => Mount | undefined;
  /** Where the mount of that name is, when another process of this stack offers it: `unix:` and a path. */
  readonly elsewhere?: (name: string) => string | undefined;
  /** Hears of every request that was answered, to keep it. */
  readonly observe?: ((news: RequestNews) => void) | undefined;
  /** Traces requests; undefined, or none, where nothing is traced. */
  readonly tracer?: () => Tracer | undefined;
  /** What all rooms count. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  /** Health of every room of this process. */
  readonly health: () => Promise<Readonly<Record<string, Health & { readonly required: boolean }>>>;
}
