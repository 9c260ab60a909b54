import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['source'];
// The last one is what global set-up files are loaded in.
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  environments: { __vitest__: { resolve: { conditions } } },
};

export default defineConfig({
  test: {
    // By default one core is left alone, and on two the tests would wait for each other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'studio/src/**/*.test.ts'],
          exclude: ['**/*.room.test.ts', '**/planted/**'],
          // Some start processes, and the machine may be busy.
          testTimeout: 20_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'room',
          include: ['src/**/*.room.test.ts'],
          globalSetup: ['test/support/room-server.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          globalSetup: ['test/support/shared-stacks.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // A stack for each, and a stack is several processes.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
