import type { Claims } from '../feed.ts';
import type { Member } from '../member.ts';
import type { Row } from '../row.ts';
import type { RoleView } from '../tables.ts';
import { claimValue } from './claims.ts';
import { decide, type Term, termsOf } from './expression.ts';

/** Members of one role whose tokens cannot make a difference. */
export interface Group {
  readonly claims: Claims;
  readonly claimsText: string;
  /** What its claims are cannot be told here: the database is asked always. */
  readonly isUnclear: boolean;
  readonly members: Set<Member>;
}

/** What is known of a row without asking the database. */
export interface Decision {
  readonly allowed: ReadonlySet<Group> | 'all';
  /** The database has to be asked about these. */
  readonly open: ReadonlySet<Group>;
}

type ClaimTerm = Extract<Term, { kind: 'claim' }>;

const termKey = ({ path, type }: ClaimTerm): string => JSON.stringify([path, type]);
const nobody: ReadonlySet<Group> = new Set();

/** The members of one role, grouped by the claims that decide about rows of one table, and found by them. */
export class Groups {
  readonly #view: RoleView;
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<Member, { readonly group: Group; readonly key: string }>();
  readonly #claimTerms: readonly ClaimTerm[];
  /** By claim and value, for claims that a column has to equal. */
  readonly #linked = new Map<string, Map<string, Set<Group>>>();
  readonly #unclear = new Set<Group>();
  /** All groups, as they are handed out; made anew when one comes or goes. */
  #all: ReadonlySet<Group> | undefined;

  constructor(view: RoleView) {
    this.#view = view;
    const { plan } = view;
    const terms = plan.kind === 'decide' ? plan.branches.flatMap(({ test }) => termsOf(test)) : [];
    const claims = terms.filter((term): term is ClaimTerm => term.kind === 'claim');
    this.#claimTerms = [...new Map(claims.map((term) => [termKey(term), term])).values()];
    if (plan.kind === 'decide')
      for (const { link } of plan.branches) if (link) this.#linked.set(termKey(link.claim), new Map());
  }

  add(member: Member): void {
    const { claims, claimsText } = member.subscriber;
    const { key, isUnclear } = this.#keyOf(claims, claimsText);
    let group = this.#groups.get(key);
    if (!group) {
      group = { claims, claimsText, isUnclear, members: new Set() };
      this.#groups.set(key, group);
      this.#all = undefined;
      this.#enter(group);
    }
    group.members.add(member);
    this.#groupOf.set(member, { group, key });
  }

  remove(member: Member): void {
    const place = this.#groupOf.get(member);
    if (!place) return;
    this.#groupOf.delete(member);
    place.group.members.delete(member);
    if (place.group.members.size > 0) return;
    this.#groups.delete(place.key);
    this.#all = undefined;
    this.#unclear.delete(place.group);
    this.#leave(place.group);
  }

  groupOf(member: Member): Group | undefined {
    return this.#groupOf.get(member)?.group;
  }

  /** Who may see a row, as far as that can be told here. */
  decide(row: Row): Decision {
    const { plan } = this.#view;
    if (plan.kind === 'all') return { allowed: 'all', open: nobody };
    if (plan.kind === 'none') return { allowed: nobody, open: nobody };
    if (plan.kind === 'ask' || [...plan.columns].some((name) => !row.has(name)))
      return { allowed: nobody, open: this.#everybody() };
    const allowed = new Set<Group>();
    const open = new Set<Group>(this.#unclear);
    for (const branch of plan.branches) {
      for (const group of this.#candidates(branch, row)) {
        if (allowed.has(group) || group.isUnclear) continue;
        const truth = decide(branch.test, (term) => this.#valueOf(term, row, group));
        if (truth === true) allowed.add(group);
        else if (truth === undefined) open.add(group);
      }
    }
    for (const group of allowed) open.delete(group);
    return { allowed, open };
  }

  #everybody(): ReadonlySet<Group> {
    this.#all ??= new Set(this.#groups.values());
    return this.#all;
  }

  #candidates(
    { link }: { readonly link: { readonly claim: ClaimTerm; readonly column: string } | undefined },
    row: Row,
  ) {
    if (!link) return this.#groups.values();
    const value = row.get(link.column);
    return (typeof value === 'string' ? this.#linked.get(termKey(link.claim))?.get(value) : undefined) ?? nobody;
  }

  #valueOf(term: Term, row: Row, { claims }: Group) {
    if (term.kind === 'literal') return term.value;
    return term.kind === 'column' ? row.get(term.name) : claimValue(term, claims);
  }

  #keyOf(claims: Claims, claimsText: string): { key: string; isUnclear: boolean } {
    const { plan } = this.#view;
    switch (plan.kind) {
      case 'decide': {
        const values = this.#claimTerms.map((term) => claimValue(term, claims));
        return values.includes(undefined)
          ? { key: claimsText, isUnclear: true }
          : { key: JSON.stringify(values), isUnclear: false };
      }
      case 'ask': {
        if (!plan.claims) return { key: claimsText, isUnclear: false };
        const values = [...plan.claims].map((name) => [name, Object.hasOwn(claims, name) ? claims[name] : undefined]);
        return { key: JSON.stringify(values), isUnclear: false };
      }
      default:
        return { key: '', isUnclear: false };
    }
  }

  #enter(group: Group): void {
    if (group.isUnclear) {
      this.#unclear.add(group);
      return;
    }
    for (const [values, value] of this.#links(group)) values.set(value, (values.get(value) ?? new Set()).add(group));
  }

  #leave(group: Group): void {
    for (const [values, value] of this.#links(group)) {
      const set = values.get(value);
      if (set?.delete(group) && set.size === 0) values.delete(value);
    }
  }

  *#links(group: Group): Generator<[Map<string, Set<Group>>, string]> {
    for (const term of this.#claimTerms) {
      const values = this.#linked.get(termKey(term));
      const value = values && !group.isUnclear ? claimValue(term, group.claims) : undefined;
      if (values && typeof value === 'string') yield [values, value];
    }
  }
}
