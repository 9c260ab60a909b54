import { forwardConsole } from './console.ts';
import { openControl } from './control.ts';
import { deno, type Handler } from './deno.ts';
import { offerInference } from './inference.ts';
import { offerLegacyServe } from './legacy-serve.ts';
import { defineLife } from './life.ts';
import { privateTemporaryFolder } from './private-folder.ts';
import { openRequestScope } from './request-scope.ts';
import { interceptServe } from './serving.ts';
import { narrowSurface } from './surface.ts';

/** What the program tells a worker at its start. */
interface BootOptions {
  /** URL of the function's module. */
  readonly entry: string;
  readonly socket: string;
  /** The worker's private folder. */
  readonly folder: string;
  /** Folders whose paths mean themselves, wherever they are. */
  readonly kept: readonly string[];
  readonly marker: string;
  /** Variables that are for Deno, not for the function. */
  readonly forget: readonly string[];
  readonly nodeServer: boolean;
  /** Milliseconds after its module's end in which a function has to serve. */
  readonly handlerTimeout: number;
}

const options = JSON.parse(deno.args[0] as string) as BootOptions;
const control = openControl(options.marker, (command) => {
  if (command.t === 'unload') life.unload(command.reason);
  else if (command.t === 'drain') life.drain();
  else life.end();
});
const scope = openRequestScope();
forwardConsole(control, scope);
const life = defineLife(control);
// Not before the modules are there: Deno reads some of them when it fetches the first one.
const forget = () => {
  for (const name of options.forget) deno.env.delete(name);
};
const ready = () => {
  forget();
  control.send({ t: 'ready' });
};
const serving = interceptServe(options.socket, control, scope, ready);
offerLegacyServe(serving);
narrowSurface();
privateTemporaryFolder(options.folder, options.kept);
offerInference();
function fail(kind: 'error' | 'no-handler', message: string): void {
  control.send({ t: 'failed', kind, message });
  control.exit(1);
}

try {
  if (options.nodeServer)
    (await import('./node-server.ts')).interceptNodeServers(serving, options.socket, scope, ready);
  // The name is no literal on purpose: what is imported by name only when it runs is held against the permissions, and
  // with it everything it imports.
  const module = (await import(options.entry)) as { default?: { fetch?: Handler } };
  forget();
  const exported = module.default;
  if (!serving.isTaken() && typeof exported?.fetch === 'function') serving.serve(exported.fetch.bind(exported));
  if (!serving.isTaken())
    setTimeout(() => {
      if (!serving.isTaken())
        fail('no-handler', 'the function serves nothing: call Deno.serve, or export default { fetch }');
    }, options.handlerTimeout);
} catch (error) {
  fail('error', error instanceof Error ? (error.stack ?? String(error)) : String(error));
}
