import { counter, createCounter, createHistogram, gauge, type MetricFamily } from '#kernel/metrics';
import type { Images } from './images.ts';
import type { Slots } from './work/slots.ts';

/** What is counted of requests. */
export interface ImgproxyMetrics {
  /** @param failure code of the error it ended with */
  requested(milliseconds: number, failure?: string): void;
  /** Under the names of the original, where it has them. */
  families(processors: Slots, images: Pick<Images, 'counts'>, places: number): readonly MetricFamily[];
}

/** Creates the metrics, all at zero. */
export function createImgproxyMetrics(): ImgproxyMetrics {
  const requests = createCounter({ name: 'imgproxy_requests_total', help: 'Requests for images' });
  const errors = createCounter({
    name: 'imgproxy_errors_total',
    help: 'Requests that ended with an error, by its type',
    labels: ['type'],
  });
  const times = createHistogram(
    { name: 'imgproxy_request_duration_seconds', help: 'Duration of requests in seconds' },
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  return {
    requested(milliseconds, failure) {
      requests.add(1);
      times.observe(milliseconds / 1_000);
      if (failure !== undefined) errors.add(1, failure);
    },
    families: ({ taken, waiting }, { counts }, places) => [
      requests.family(),
      errors.family(),
      times.family(),
      gauge('imgproxy_workers', 'Images that are made at a time at most', places),
      gauge('imgproxy_images_in_progress', 'Images that are being made', taken),
      gauge('imgproxy_images_waiting', 'Images that wait for their turn', waiting),
      counter('imgproxy_images_made_total', 'Images that were made', counts.made),
      counter('imgproxy_cache_hits_total', 'Images that were found made', counts.found),
    ],
  };
}
