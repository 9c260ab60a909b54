import { type ReactNode, useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import styles from './code-block.module.css';
import { useToasts } from './toast.tsx';

const shownFor = 1_500;

/** Copies a text, and shows for a moment that it did. */
export function CopyButton({
  text,
  label = 'Copy',
  className,
}: {
  readonly text: string;
  readonly label?: string;
  readonly className?: string | undefined;
}) {
  const [copied, setCopied] = useState(false);
  const toasts = useToasts();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownFor);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      small
      icon={copied ? 'check' : 'copy'}
      label={copied ? 'Copied' : label}
      className={className}
      onClick={() => copyText(text).then(() => setCopied(true), toasts.failed)}
    />
  );
}

/** Puts a text on the clipboard, also where the page came over plain HTTP. @throws Error when the browser refuses */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.className = 'visually-hidden';
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  // The only way there is without a secure context.
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('The browser does not let this page copy; select the text instead');
}

/** Puts a text on the clipboard that is not there yet: the browser is asked at once, while it knows that somebody copies. */
export async function copyLater(text: Promise<string>): Promise<void> {
  if (typeof ClipboardItem === 'undefined' || !navigator.clipboard) return copyText(await text);
  const blob = text.then((ready) => new Blob([ready], { type: 'text/plain' }));
  await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
}

/** Code to be copied as a whole. */
export function CodeBlock({ code, label }: { readonly code: string; readonly label: string }) {
  return (
    <div className={styles.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways */}
      <section className={styles.text} tabIndex={0} aria-label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
      <CopyButton text={code} label={`Copy ${label}`} className={styles.copy} />
    </div>
  );
}

/** One value to be copied, on a line. */
export function CopyValue({
  value,
  label,
  shown,
  children,
}: {
  readonly value: string;
  readonly label: string;
  readonly shown?: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.value}>
      <code>{shown ?? value}</code>
      <CopyButton text={value} label={`Copy ${label}`} />
      {children}
    </div>
  );
}
