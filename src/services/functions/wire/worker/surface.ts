import { deno, replace } from './deno.ts';

/** Version of the original this stands for. */
const runtimeVersion = '1.70.3';

/** Makes the namespace what functions expect of the original: no way to end the process, no threads, its names. */
export function narrowSurface(): void {
  const { deno: version } = deno.version;
  replace(deno, 'version', {
    ...deno.version,
    deno: `supabase-edge-runtime-${runtimeVersion} (compatible with Deno v${version})`,
  });
  replace(deno, 'args', []);
  // Node's `process.exit` ends in `Deno.exit`. To touch `process` here would load Node's layer, which takes 20 ms.
  for (const name of ['exit', 'kill', 'addSignalListener', 'removeSignalListener']) replace(deno, name, () => {});
  replace(deno, 'stdin', emptyInput());
  Reflect.deleteProperty(globalThis, 'Worker');
  replace(navigator, 'hardwareConcurrency', 1);
  replace(navigator, 'userAgent', `Deno/${version} (variant; SupabaseEdgeRuntime/${runtimeVersion})`);
}

function emptyInput(): object {
  return {
    rid: 0,
    read: async () => null,
    readSync: () => null,
    get readable() {
      return new ReadableStream({ start: (controller) => controller.close() });
    },
    close() {},
    isTerminal: () => false,
    setRaw() {},
  };
}
