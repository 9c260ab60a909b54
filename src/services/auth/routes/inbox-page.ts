import type { CapturedMail } from '../core/mail/inbox.ts';
import { escapeMarkup } from '../core/template/escape.ts';

/** What the page may load: its own style, and pictures that mails point to. No script runs, of ours or of a mail. */
export const inboxPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; frame-ancestors 'none'; base-uri 'none'";

const style = `:root{color-scheme:light dark;--line:#ddd;--quiet:#5f5f5f}
@media (prefers-color-scheme:dark){:root{--line:#3a3a3a;--quiet:#a5a5a5}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.4rem}details{border:1px solid var(--line);border-radius:6px;margin:.6rem 0;padding:.6rem .9rem}
summary{cursor:pointer}small{color:var(--quiet);display:block}
iframe{border:1px solid var(--line);border-radius:4px;box-sizing:border-box;width:100%;height:22rem;margin-top:.6rem;background:#fff;color-scheme:light}`;

/** The page that lists captured mails, newest first. Mails are shown in frames of their own without any rights. */
export function inboxPage(mails: readonly CapturedMail[]): string {
  const list =
    mails.length === 0
      ? '<p>No mail yet. What this stack would send by mail appears here, because no mail server is configured.</p>'
      : mails.map(mailView).join('\n');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Inbox</title><meta name="viewport" content="width=device-width,initial-scale=1"><style>${style}</style></head>
<body>
<h1>Inbox</h1>
${list}
</body>
</html>
`;
}

function mailView(mail: CapturedMail, index: number): string {
  const frame = escapeMarkup(`<base target="_blank">${mail.html}`);
  return `<details${index === 0 ? ' open' : ''}>
<summary><b>${escapeMarkup(mail.subject)}</b> to ${escapeMarkup(mail.to)} <small>${mail.at} · ${escapeMarkup(mail.kind)}</small></summary>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${frame}" title="Mail ${mail.id}"></iframe>
</details>`;
}
