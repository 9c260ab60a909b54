import type { ErrorCatalogue } from '#kernel/errors';

/** A catalogue with the room it belongs to. */
export interface RoomErrors {
  readonly room: string;
  readonly catalogue: ErrorCatalogue;
}

/** The catalogues that a module exports, told by their form: code → status and message. */
export function cataloguesOf(module: Readonly<Record<string, unknown>>): ErrorCatalogue[] {
  return Object.values(module).filter(isCatalogue);
}

function isCatalogue(value: unknown): value is ErrorCatalogue {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.values(value) as { status?: unknown; message?: unknown }[];
  return (
    entries.length > 0 &&
    entries.every((entry) => typeof entry?.status === 'number' && typeof entry.message === 'string')
  );
}

/** The reference of error codes as Markdown. */
export function renderErrors(rooms: readonly RoomErrors[]): string {
  const out = [
    '# Errors',
    '',
    'Every code this program itself can answer with, by room. Errors that PostgreSQL raises are passed on with their',
    'SQLSTATE. The wire shape is that of the service a room stands for; see the README of the room.',
    '',
    '<!-- Written by `npm run docs` from the errors.ts of each room; change it there. -->',
    '',
  ];
  for (const { room, catalogue } of rooms) {
    out.push(`## ${room}`, '', '| code | status | message |', '|---|---|---|');
    for (const [code, { status, message }] of Object.entries(catalogue))
      out.push(`| \`${code}\` | ${status} | ${cell(message)} |`);
    out.push('');
  }
  return out.join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
