import { defineConfig } from 'vite';

/** `npm run build` at the root builds this; what else the server needs of it is in tools/bootstrap/studio.mjs. */
export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic' } },
  css: { modules: { localsConvention: 'camelCaseOnly' } },
  server: { proxy: { '/api': { target: 'http://localhost:8000', ws: true } } },
  build: {
    target: 'es2023',
    manifest: true,
    // One file for all styles would load those of every page; each page brings its own.
    cssCodeSplit: true,
    // Content goes by `'self'`, never by data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      onLog(level, log, report) {
        // Meant for frameworks that render on a server.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
});
