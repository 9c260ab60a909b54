import { type Format, formats } from './formats.ts';

/** Switches of the choice, see `IMGPROXY_AUTO_*`, `IMGPROXY_ENFORCE_*` and `IMGPROXY_PREFERRED_FORMATS`. */
export interface FormatPolicy {
  readonly autoWebp: boolean;
  readonly enforceWebp: boolean;
  readonly autoAvif: boolean;
  readonly enforceAvif: boolean;
  readonly preferred: readonly Format[];
}

/** Modern formats that a client takes, by its Accept header. */
export interface Accepted {
  readonly webp: boolean;
  readonly avif: boolean;
}

/** What the choice depends on beside the policy. */
export interface FormatInput {
  readonly source: Format;
  readonly explicit: Format | undefined;
  readonly accepted: Accepted;
  readonly animated: boolean;
  readonly alpha: boolean;
}

/** Reads an Accept header as imgproxy does: a format counts when its name stands in it; qualities and `*` alone do not. */
export const acceptedBy = (accept: string | undefined): Accepted => ({
  webp: accept?.includes('image/webp') ?? false,
  avif: accept?.includes('image/avif') ?? false,
});

/** The format of the result. AVIF, which is chosen before WebP, is not for animations. */
export function chooseFormat(policy: FormatPolicy, input: FormatInput): Format {
  const { source, explicit, accepted, animated, alpha } = input;
  if (accepted.avif && policy.enforceAvif && !animated) return 'avif';
  if (accepted.webp && policy.enforceWebp) return 'webp';
  if (explicit !== undefined) return explicit;
  if (accepted.avif && policy.autoAvif && !animated) return 'avif';
  if (accepted.webp && policy.autoWebp) return 'webp';
  const suits = (format: Format) => (!animated || formats[format].animation) && (!alpha || formats[format].alpha);
  if (policy.preferred.includes(source) && (!animated || formats[source].animation)) return source;
  return policy.preferred.find(suits) ?? policy.preferred[0] ?? 'jpeg';
}

/** Whether an answer may differ by the client's Accept header. */
export const dependsOnAccept = (policy: FormatPolicy): boolean =>
  policy.autoWebp || policy.enforceWebp || policy.autoAvif || policy.enforceAvif;
