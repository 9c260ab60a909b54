/** What a caller tells of its trace (W3C Trace Context, "traceparent"). */
export interface TraceParent {
  /** 32 hexadecimal digits, not all nought. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all nought: the span that is the parent. */
  readonly spanId: string;
  /** Bit 0: the caller records the trace. */
  readonly flags: number;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads the header; undefined where there is none or it is not understood, so that a new trace begins. */
export function parseTraceParent(header: unknown): TraceParent | undefined {
  const parts = typeof header === 'string' && header.length <= 512 ? form.exec(header) : null;
  if (!parts) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = parts;
  // Later versions may say more at the end; the present one has said all.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Writes the header, for what is asked of others. */
export const formatTraceParent = ({ traceId, spanId, flags }: TraceParent): string =>
  `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, '0')}`;
