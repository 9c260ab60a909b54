import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import typescript from 'typescript';

/**
 * Prepares the bringing up to date of single files of the build, without a look at any other. The build's stamp is left
 * as it is, so that the next `npm start` builds properly.
 *
 * @param root folder of the clone, built
 * @returns a function that takes a path below `src` and gives back what is wrong with the file
 */
export function createUpdater(root) {
  const { config } = typescript.readConfigFile(join(root, 'tsconfig.json'), typescript.sys.readFile);
  const { options } = typescript.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const compilerOptions = {
    ...options,
    noEmit: false,
    allowImportingTsExtensions: false,
    inlineSourceMap: true,
    // One file alone does not know that package.json makes it a module.
    module: typescript.ModuleKind.ESNext,
    moduleResolution: typescript.ModuleResolutionKind.Bundler,
  };
  return (name) => {
    const source = join(root, 'src', name);
    const target = join(root, 'dist', name.replace(/\.ts$/, '.js'));
    if (!existsSync(source)) {
      rmSync(target, { recursive: true, force: true });
      return [];
    }
    mkdirSync(dirname(target), { recursive: true });
    if (target.endsWith('.js') && name.endsWith('.ts')) {
      const { outputText, diagnostics = [] } = typescript.transpileModule(readFileSync(source, 'utf8'), {
        compilerOptions,
        fileName: source,
        reportDiagnostics: true,
      });
      if (diagnostics.length > 0) return diagnostics.map((diagnostic) => describe(name, diagnostic));
      writeFileSync(target, outputText);
    } else copyFileSync(source, target);
    return [];
  };
}

function describe(name, { file, start, messageText }) {
  const line = file === undefined || start === undefined ? 1 : file.getLineAndCharacterOfPosition(start).line + 1;
  return `src/${name}:${line} ${typescript.flattenDiagnosticMessageText(messageText, '\n')}`;
}
