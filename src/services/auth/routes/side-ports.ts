import type { Logger } from '#kernel/log';
import { type MetricFamily, metricsContentType, renderMetrics } from '#kernel/metrics';
import type { SharedProfiler } from '../core/profiler/profiler.ts';
import type { AuthSettings } from '../settings.ts';
import { pprofHandler } from './pprof.ts';
import { answerWhole, type SidePort } from './side-port.ts';

/** What is offered, and the ports that outlive a room. */
export interface SidePortsOptions {
  readonly settings: AuthSettings;
  readonly heirlooms: {
    readonly metricsPort: SidePort;
    readonly profilerPort: SidePort;
    readonly profiler: SharedProfiler;
  };
  readonly log: Logger;
  readonly families: () => readonly MetricFamily[];
}

/** Opens the ports for metrics and profiles that the settings ask for. @returns ends them @throws StartupError when one is taken */
export async function openSidePorts({ settings, heirlooms, log, families }: SidePortsOptions) {
  const ends: (() => Promise<void>)[] = [];
  const endAll = async () => {
    for (const end of ends) await end();
  };
  try {
    if (settings.metrics && settings.metricsExporter === 'prometheus') {
      const address = {
        host: settings.metricsHost,
        port: settings.metricsPort,
        setting: 'OTEL_EXPORTER_PROMETHEUS_PORT',
      };
      const hold = await heirlooms.metricsPort.open(address, (request, response) =>
        answerWhole(request, response, metricsContentType, Buffer.from(renderMetrics([...families()]))),
      );
      ends.push(hold.release);
      log.info({ url: hold.url }, 'metrics are served');
    }
    if (settings.profiler) {
      const { profiler, release } = await heirlooms.profiler.hold();
      ends.push(release);
      const address = { host: settings.profilerHost, port: settings.profilerPort, setting: 'GOTRUE_PROFILER_PORT' };
      const hold = await heirlooms.profilerPort.open(address, pprofHandler(profiler, log));
      ends.push(hold.release);
      log.info({ url: `${hold.url}/debug/pprof/` }, 'profiles are served');
    }
  } catch (error) {
    await endAll();
    throw error;
  }
  return endAll;
}
