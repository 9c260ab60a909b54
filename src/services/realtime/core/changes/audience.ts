import type { PreparedTerm } from './match/filter-test.ts';
import type { FilterPreparer } from './match/prepare.ts';
import type { Member } from './member.ts';
import { Groups } from './policy/groups.ts';
import type { Change } from './row.ts';
import type { RoleView, Table } from './tables.ts';

/** Bindings of one role that match the same changes. */
export interface Shape {
  readonly view: RoleView;
  readonly event: Member['binding']['event'];
  readonly select: readonly string[] | undefined;
  /** Undefined: the filter makes no sense for this table, or names a column the role may not see. */
  readonly terms: readonly PreparedTerm[] | undefined;
  readonly members: Set<Member>;
}

/** Who wants to know of one table's changes, by filters and by what policies make of their tokens. */
export class Audience {
  readonly table: Table;
  readonly #pending = new Set<Member>();
  readonly #shapes = new Map<string, Shape>();
  readonly #places = new Map<Member, Shape>();
  readonly #roles = new Map<string, Groups>();
  /** Shapes that need a column to have one value, by column and value; all others. */
  readonly #byValue = new Map<string, Map<string, Set<Shape>>>();
  readonly #others = new Set<Shape>();

  constructor(table: Table) {
    this.table = table;
  }

  /** Takes a member in with the next `settle`. */
  add(member: Member): void {
    this.#pending.add(member);
  }

  remove(member: Member): void {
    this.#pending.delete(member);
    const shape = this.#places.get(member);
    if (!shape) return;
    this.#places.delete(member);
    shape.members.delete(member);
    this.#roles.get(shape.view.role)?.remove(member);
    if (shape.members.size > 0) return;
    this.#shapes.delete(shapeKey(member));
    this.#others.delete(shape);
    const first = firstOf(shape);
    for (const value of first?.oneOf ?? [])
      this.#byValue
        .get(first?.term.column as string)
        ?.get(value)
        ?.delete(shape);
  }

  /** Makes members that came since count. */
  async settle(preparer: FilterPreparer): Promise<void> {
    while (this.#pending.size > 0) {
      for (const member of [...this.#pending]) {
        const { role } = member.subscriber;
        const view = await this.table.view(role);
        const terms = await preparer.prepare(this.table, view, member.binding).catch((error: unknown) => {
          if (!preparer.isRefusal(error)) throw error;
          return undefined;
        });
        // It may have left meanwhile.
        if (this.#pending.delete(member)) this.#place(member, view, terms);
      }
    }
  }

  #place(member: Member, view: RoleView, terms: readonly PreparedTerm[] | undefined): void {
    const { role } = member.subscriber;
    const key = shapeKey(member);
    let shape = this.#shapes.get(key);
    if (!shape) {
      const { event, select } = member.binding;
      shape = { view, event, select, terms, members: new Set() };
      this.#shapes.set(key, shape);
      this.#index(shape);
    }
    shape.members.add(member);
    this.#places.set(member, shape);
    const groups = this.#roles.get(role) ?? new Groups(view);
    this.#roles.set(role, groups);
    groups.add(member);
  }

  #index(shape: Shape): void {
    const first = firstOf(shape);
    if (!first?.oneOf) {
      this.#others.add(shape);
      return;
    }
    const values = this.#byValue.get(first.term.column) ?? new Map<string, Set<Shape>>();
    this.#byValue.set(first.term.column, values);
    for (const value of first.oneOf) values.set(value, (values.get(value) ?? new Set()).add(shape));
  }

  /** Shapes whose filters may match a change: those that surely do not are left out by their first condition. */
  *candidates({ row, type }: Change): Generator<Shape> {
    for (const shape of this.#others) if (shape.terms && isFor(shape, type)) yield shape;
    for (const [column, values] of this.#byValue) {
      const value = row.get(column);
      if (typeof value !== 'string') continue;
      for (const shape of values.get(value) ?? []) if (isFor(shape, type)) yield shape;
    }
  }

  /** All shapes that ask for such changes, whatever their filters. */
  *asking({ type }: Change): Generator<Shape> {
    for (const shape of this.#shapes.values()) if (isFor(shape, type)) yield shape;
  }

  /** Those of a role with members. */
  groups(role: string): Groups | undefined {
    return this.#roles.get(role);
  }
}

const isFor = ({ event }: Shape, type: Change['type']): boolean => event === '*' || event === type;

const firstOf = ({ terms }: Shape): PreparedTerm | undefined => terms?.find(({ oneOf }) => oneOf !== undefined);

const shapeKey = ({ subscriber, binding }: Member): string => `${subscriber.role} ${binding.shape}`;
