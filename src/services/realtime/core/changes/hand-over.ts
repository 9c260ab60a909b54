import type { Shape } from './audience.ts';
import type { ChangeEvent } from './feed.ts';
import { errorFor, type Job } from './job.ts';
import type { Subscriber } from './member.ts';
import { changeData, errorData, type ForeignJson, type PayloadLimits } from './payload.ts';
import type { Decision, Group } from './policy/groups.ts';
import type { TypeLookup } from './value-json.ts';

/** What payloads are made with. */
export interface HandOverContext {
  readonly types: TypeLookup;
  readonly foreign: ForeignJson;
  readonly limits: PayloadLimits;
}

/** What some subscribers get: one set of columns, and the ids of their bindings. Shared, as most have the same. */
class Selection {
  readonly shape: Shape;
  /** Instead of the columns. */
  readonly error: string | undefined;
  readonly ids: readonly number[];
  event: ChangeEvent | undefined;
  readonly #grown = new Map<number, Selection>();

  constructor(shape: Shape, error: string | undefined, ids: readonly number[]) {
    this.shape = shape;
    this.error = error;
    this.ids = ids;
  }

  /** Selections of equal columns become one message. */
  get columns(): string {
    return this.error ? 'error' : (this.shape.select?.join(' ') ?? '');
  }

  with(id: number): Selection {
    if (this.ids.includes(id)) return this;
    const known = this.#grown.get(id) ?? new Selection(this.shape, this.error, [...this.ids, id]);
    this.#grown.set(id, known);
    return known;
  }
}

/** One event for each set of columns, with the ids of all bindings that match; equal ones are made once. */
export function handOver(job: Job, context: HandOverContext): void {
  const { change, audience } = job;
  const recipients = new Map<Subscriber, Selection | Selection[]>();
  const add = (subscriber: Subscriber, start: Selection, id: number): void => {
    const known = recipients.get(subscriber);
    if (!known) {
      recipients.set(subscriber, start.with(id));
      return;
    }
    const own = Array.isArray(known) ? known : [known];
    const at = own.findIndex(({ columns }) => columns === start.columns);
    if (at >= 0) own[at] = (own[at] as Selection).with(id);
    else own.push(start.with(id));
    recipients.set(subscriber, own.length === 1 ? (own[0] as Selection) : own);
  };
  for (const shape of audience.asking(change)) {
    const error = errorFor(job, shape.view);
    if (!error) continue;
    const start = new Selection(shape, error, []);
    for (const { subscriber, id } of shape.members) add(subscriber, start, id);
  }
  for (const shape of job.matched) {
    if (errorFor(job, shape.view) || !shape.view.info.exists) continue;
    const decision = job.decisions.get(shape.view.role);
    const groups = audience.groups(shape.view.role);
    const isOpen = change.type === 'DELETE' || decision?.allowed === 'all';
    const start = new Selection(shape, undefined, []);
    for (const member of shape.members)
      if (isOpen || isAllowed(groups?.groupOf(member), decision, job)) add(member.subscriber, start, member.id);
  }
  const eventOf = createEvents(job, context);
  for (const [subscriber, own] of recipients)
    if (Array.isArray(own)) for (const selection of own) subscriber.take(eventOf(selection));
    else subscriber.take(eventOf(own));
}

function isAllowed(group: Group | undefined, decision: Decision | undefined, { granted }: Job): boolean {
  if (!group || !decision) return false;
  return (decision.allowed !== 'all' && decision.allowed.has(group)) || granted.has(group);
}

/** Events by what they say: selections of different shapes may come to the same. */
function createEvents({ change, audience }: Job, { types, foreign, limits }: HandOverContext) {
  const events = new Map<string, ChangeEvent>();
  const datas = new Map<string, string>();
  const make = ({ shape: { view, select }, error, ids, columns }: Selection): ChangeEvent => {
    const dataKey = `${view.role} ${columns}`;
    const key = `${dataKey} ${ids.join(' ')}`;
    const known = events.get(key);
    if (known) return known;
    const data =
      datas.get(dataKey) ??
      (error
        ? errorData(change, error)
        : changeData(change, { table: audience.table, view, select }, types, foreign, limits));
    datas.set(dataKey, data);
    const event = { ids, type: change.type, data, position: change.source.position };
    events.set(key, event);
    return event;
  };
  return (selection: Selection): ChangeEvent => (selection.event ??= make(selection));
}
