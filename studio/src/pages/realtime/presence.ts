/** Who is there: by key, what each of its connections tracks. */
export type PresenceState = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

type Told = Readonly<Record<string, { readonly metas?: readonly Readonly<Record<string, unknown>>[] }>>;

const metasOf = (told: unknown): [string, readonly Readonly<Record<string, unknown>>[]][] =>
  Object.entries((told ?? {}) as Told).map(([key, each]) => [key, each?.metas ?? []]);

/** What is known after a message: a state replaces it, a diff changes it, others leave it. */
export function presenceAfter(state: PresenceState, event: string, payload: unknown): PresenceState {
  if (event === 'presence_state') return Object.fromEntries(metasOf(payload));
  if (event !== 'presence_diff') return state;
  const { joins, leaves } = payload as { joins?: unknown; leaves?: unknown };
  const next = new Map(Object.entries(state));
  for (const [key, metas] of metasOf(joins)) {
    const refs = new Set(metas.map(({ phx_ref: ref }) => ref));
    next.set(key, [...(next.get(key) ?? []).filter(({ phx_ref: ref }) => !refs.has(ref)), ...metas]);
  }
  for (const [key, metas] of metasOf(leaves)) {
    const refs = new Set(metas.map(({ phx_ref: ref }) => ref));
    const left = (next.get(key) ?? []).filter(({ phx_ref: ref }) => !refs.has(ref));
    if (left.length > 0) next.set(key, left);
    else next.delete(key);
  }
  return Object.fromEntries(next);
}
