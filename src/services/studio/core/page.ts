import type { Health } from '#kernel/lifecycle';

/** What the page shows. */
export interface PageModel {
  readonly organization: string;
  readonly project: string;
  readonly services: Readonly<Record<string, Health & { readonly required: boolean }>>;
}

/** The status page: no script, no outside resource, readable at any width and in both colour schemes. */
export function renderPage(model: PageModel): string {
  const rows = Object.entries(model.services)
    .map(([name, { status, detail, required }]) => {
      const note = detail?.reason === undefined ? '' : `<small>${escapeMarkup(String(detail.reason))}</small>`;
      const kind = required ? '' : ' <small>optional</small>';
      return `<tr><th scope="row">${escapeMarkup(name)}${kind}</th><td><span class="${status}">${status}</span>${note}</td></tr>`;
    })
    .join('\n        ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeMarkup(model.project)} · pmoves-supabase</title>
    <style>${style}</style>
  </head>
  <body>
    <main>
      <p class="eyebrow">${escapeMarkup(model.organization)}</p>
      <h1>${escapeMarkup(model.project)}</h1>
      <table>
        <caption>Services</caption>
        <tbody>
        ${rows}
        </tbody>
      </table>
      <nav aria-label="More">
        <a href="/inbox">Mail inbox</a>
        <a href="/health">Health as JSON</a>
      </nav>
    </main>
  </body>
</html>
`;
}

const style = `
  :root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #e0e1e6; --good: #18794e; --bad: #b42318; --wait: #946800; --ground: #fcfcfd; }
  @media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #b0b4ba; --line: #2e3135; --good: #3dd68c; --bad: #ff9592; --wait: #ffca16; --ground: #111113; } }
  body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 40rem; margin: 0 auto; padding: 3rem 1.25rem; }
  h1 { margin: 0 0 2rem; font-size: 1.75rem; line-height: 1.2; }
  .eyebrow { margin: 0; color: var(--soft); }
  table { width: 100%; border-collapse: collapse; }
  caption { text-align: left; font-weight: 600; padding-bottom: .5rem; }
  th, td { text-align: left; font-weight: 400; padding: .6rem 0; border-top: 1px solid var(--line); vertical-align: top; }
  small { color: var(--soft); } td small { display: block; }
  .healthy { color: var(--good); } .unhealthy, .stopped { color: var(--bad); } .starting { color: var(--wait); }
  nav { display: flex; gap: 1.25rem; margin-top: 2rem; } a { color: inherit; }
`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeMarkup = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] as string);
