/** Changed and new files by path, and their texts. */
export type Drafts = ReadonlyMap<string, string>;

/** Drafts with another text for a file; `undefined` takes it from among them. */
export function withDraft(drafts: Drafts, path: string, text: string | undefined): Drafts {
  const next = new Map(drafts);
  if (text === undefined) next.delete(path);
  else next.set(path, text);
  return next;
}

/** Which of a function's files a URL of the Management API means; undefined where it is none of them. */
export const fileOf = (url: string | undefined, slug: string, paths: readonly string[]): string | undefined =>
  paths.filter((path) => url?.endsWith(`/${slug}/${path}`)).sort((a, b) => b.length - a.length)[0];

/** What is wrong with the path of a new file; undefined: nothing. */
export function pathProblem(path: string, taken: readonly string[]): string | undefined {
  if (path === '') return 'A name is needed';
  if (taken.includes(path)) return 'There is a file of that name';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.length > 255) || /[\0\\]/.test(path))
    return 'A path below the folder of the function, such as lib/mail.ts';
  return taken.some((each) => each.startsWith(`${path}/`) || path.startsWith(`${each}/`))
    ? 'A file cannot be a folder as well'
    : undefined;
}

/**
 * The form of a deployment: all files a function has, with drafts in place of those that were changed.
 *
 * @param files as the Management API gives them: a form with one field a file
 * @param metadata paths as among the files
 */
export function deploymentForm(
  files: FormData,
  drafts: Drafts,
  metadata: { readonly entrypoint_path: string | undefined; readonly import_map_path: string | undefined },
): FormData {
  const form = new FormData();
  form.append('metadata', JSON.stringify(metadata));
  for (const file of files.values())
    if (typeof file !== 'string' && !drafts.has(file.name)) form.append('file', file, file.name);
  for (const [path, text] of drafts) form.append('file', new Blob([text]), path);
  return form;
}
