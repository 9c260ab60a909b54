import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createEngine } from './core/engine/engine.ts';
import { createImages } from './core/images.ts';
import { createImgproxyMetrics } from './core/metrics.ts';
import { transformOriginal } from './core/original.ts';
import { allowedRangesOf, enginePolicyOf, limitsOf, parallelism, s3ServerOf, urlRulesOf } from './core/rules.ts';
import { createConfiguredImage } from './core/source/configured.ts';
import { wildcard } from './core/url/source-text.ts';
import { createResultCache, type ResultCache } from './core/work/result-cache.ts';
import { createSlots, type Slots } from './core/work/slots.ts';
import { imgproxyError } from './errors.ts';
import type { ImgproxyApi, ImgproxyPorts } from './ports.ts';
import { createHandler } from './routes/handler.ts';
import type { ImageRoute } from './routes/image-get.ts';
import type { ImgproxySettings } from './settings.ts';

/** What imgproxy is made of. */
export interface ImgproxyDeps extends ImgproxyPorts {
  readonly settings: ImgproxySettings;
  readonly log: Logger;
  /** Working directory: relative paths count from here. */
  readonly cwd: string;
}

/** Image transformation, by imgproxy's URLs and for other rooms. */
export const imgproxyRoom: RoomDefinition<ImgproxyDeps, ImgproxyApi> = { name: 'imgproxy', create };

interface Running {
  readonly route: ImageRoute;
  readonly processors: Slots;
  readonly cache: ResultCache | undefined;
}

function create(deps: ImgproxyDeps): Room<ImgproxyApi> {
  const { settings, log } = deps;
  const metrics = createImgproxyMetrics();
  let running: Running | undefined;
  return {
    mounts: [{ name: 'imgproxy', handle: createHandler({ route: () => running?.route, settings, log, metrics }) }],
    api: {
      transform(original, wanted) {
        if (running === undefined) return Promise.reject(imgproxyError('not_running'));
        const { images, rules, policy } = running.route;
        return transformOriginal(original, wanted, { images, rules, formats: policy });
      },
    },
    async start() {
      running = assemble(deps);
    },
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.cache?.settled();
    },
    health() {
      if (running === undefined) return { status: 'starting' };
      const { taken, waiting } = running.processors;
      return { status: 'healthy', detail: { working: taken, waiting, ...running.route.images.counts } };
    },
    metrics() {
      if (running === undefined) return [];
      return metrics.families(running.processors, running.route.images, parallelism(settings.workers).slots);
    },
  };
}

function assemble({ settings, log, cwd, egress: egressWith, cacheFolder, clock = systemClock }: ImgproxyDeps): Running {
  const rules = urlRulesOf(settings);
  const policy = enginePolicyOf(settings);
  const queue = settings.queueSize || 100_000;
  const processors = createSlots(parallelism(settings.workers).slots, queue);
  const egress = egressWith(allowedRangesOf(settings));
  const { bytes } = limitsOf(settings);
  const at = (path: string | undefined) => path && resolve(cwd, path);
  const configured = (data: string | undefined, path: string | undefined, url: string | undefined) =>
    createConfiguredImage({ data, path: at(path), url }, egress, bytes);
  const watermark = configured(settings.watermarkData, settings.watermarkPath, settings.watermarkUrl);
  const cache =
    settings.cacheSize === 0
      ? undefined
      : createResultCache({
          folder: settings.cacheFolder ? resolve(cwd, settings.cacheFolder) : cacheFolder,
          maxBytes: settings.cacheSize,
          now: () => clock.now(),
          onError: reportOnce((error) =>
            log.warn({ err: error }, 'the cache of images fails; further failures are not told'),
          ),
        });
  // Nobody has to wait for it.
  void cache?.sweep();
  const images = createImages({
    engine: createEngine(policy, watermark),
    formats: policy.formats,
    cache,
    processors,
    memory: createSlots(settings.downloads, queue),
    sources: {
      localRoot: at(settings.localRoot),
      s3: s3ServerOf(settings, () => clock.now()),
      allowed: settings.allowedSources.map(wildcard),
      egress,
      userAgent: settings.userAgent,
      redirects: settings.maxRedirects,
      timeout: settings.downloadTimeout,
    },
    fallback: configured(settings.fallbackData, settings.fallbackPath, settings.fallbackUrl),
    timeout: settings.timeout,
    settingsKey: settingsKey(settings, policy),
  });
  const route = { images, rules, policy: policy.formats, settings, now: () => clock.now() };
  return { route, processors, cache };
}

// A full disk would otherwise fill what is left of it with lines about it.
function reportOnce(report: (error: unknown) => void): (error: unknown) => void {
  let reported = false;
  return (error) => {
    if (!reported) report(error);
    reported = true;
  };
}

// Results of other settings are other results; and so are those of another release's engine.
function settingsKey(settings: ImgproxySettings, policy: object): string {
  const { watermarkData, watermarkPath, watermarkUrl, etagBuster } = settings;
  const parts = [engineVersion, policy, watermarkData, watermarkPath, watermarkUrl, etagBuster];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Raised with every change that makes other images of the same options. */
const engineVersion = 1;
