/** Memory settings of the server, all in megabytes. */
export interface MemorySizes {
  readonly sharedBuffers: number;
  readonly effectiveCache: number;
  readonly workMem: number;
  readonly maintenanceWorkMem: number;
}

const megabyte = 1024 * 1024;
const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(most, Math.floor(value)));

/**
 * Sizes the server for a machine that is shared with the rest of the stack. Shared buffers stay modest, since pages that
 * were touched once count as ours for ever while the kernel's cache gives its own back.
 *
 * @param memory bytes this process may use: the machine's or its container's, whichever is less
 */
export function memorySizes(profile: 'auto' | 'low', memory: number): MemorySizes {
  const total = memory / megabyte;
  if (profile === 'low')
    return { sharedBuffers: 16, effectiveCache: clamp(total / 4, 64, 512), workMem: 2, maintenanceWorkMem: 16 };
  return {
    sharedBuffers: clamp(total / 16, 32, 256),
    effectiveCache: clamp(total / 2, 128, 65_536),
    workMem: clamp(total / 1024, 4, 16),
    maintenanceWorkMem: clamp(total / 32, 32, 256),
  };
}
