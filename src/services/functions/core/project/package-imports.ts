const aliased = /^(?:npm:)?(@?[^@]+)@(.+)$/;

/**
 * The import map that says what a `package.json` says: a package means that package of the npm registry in that version.
 * Paths, links and workspaces have no meaning for a function and are left out.
 *
 * @throws Error when the text is no JSON object
 */
export function importsOfPackage(text: string): { readonly imports: Readonly<Record<string, string>> } {
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null) throw new Error('package.json is no object');
  const { dependencies } = manifest as { dependencies?: unknown };
  const imports: Record<string, string> = {};
  for (const [name, version] of Object.entries(dependencies ?? {})) {
    if (typeof version !== 'string' || /^(file|link|workspace|git|https?):/.test(version)) continue;
    const alias = version.startsWith('npm:') ? aliased.exec(version) : null;
    const target = alias ? `${alias[1]}@${alias[2]}` : `${name}@${version || '*'}`;
    imports[name] = `npm:${target}`;
    imports[`${name}/`] = `npm:/${target}/`;
  }
  return { imports };
}
