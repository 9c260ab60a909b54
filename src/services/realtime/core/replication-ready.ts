import type { Channel } from './channel.ts';

const lookEvery = 100;
const patience = 10_000;

/**
 * Tells a channel that asked for it (`broadcast.replication_ready`) once what the database sends reaches it; ends it when
 * that takes too long (spec §1.7).
 */
export function tellWhenReady(channel: Channel): void {
  const { context } = channel;
  const until = performance.now() + patience;
  const look = (): void => {
    if (!channel.isOpen) return;
    if (context.feed?.health().streaming) {
      channel.system('system', 'ok', 'Replication connection established');
      return;
    }
    if (performance.now() < until) setTimeout(look, lookEvery);
    else channel.fail('Replication connection was not established in time');
  };
  look();
}
