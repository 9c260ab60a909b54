import { expect, it } from 'vitest';
import { type PresenceState, presenceAfter } from './presence.ts';

const meta = (ref: string, n = 0) => ({ phx_ref: ref, n });

it('follows a state and its changes, updates and several connections of one key among them', () => {
  let state: PresenceState = { old: [meta('0')] };
  const take = (event: string, payload: unknown) => {
    state = presenceAfter(state, event, payload);
    return state;
  };
  expect(take('presence_state', { ann: { metas: [meta('1')] } })).toEqual({ ann: [meta('1')] });
  expect(
    take('presence_diff', { joins: { ann: { metas: [meta('2')] }, bob: { metas: [meta('3')] } }, leaves: {} }),
  ).toEqual({
    ann: [meta('1'), meta('2')],
    bob: [meta('3')],
  });
  // An update is a leave of the old and a join of the new.
  expect(
    take('presence_diff', { joins: { bob: { metas: [meta('4', 1)] } }, leaves: { bob: { metas: [meta('3')] } } }),
  ).toEqual({ ann: [meta('1'), meta('2')], bob: [meta('4', 1)] });
  expect(take('presence_diff', { joins: {}, leaves: { ann: { metas: [meta('1'), meta('2')] } } })).toEqual({
    bob: [meta('4', 1)],
  });
  expect(take('broadcast', { joins: { eve: { metas: [meta('9')] } } })).toEqual({ bob: [meta('4', 1)] });
  expect(take('presence_state', {})).toEqual({});
});
