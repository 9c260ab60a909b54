import { useState } from 'react';
import { useMay } from '../../../data/session.ts';
import { IconButton } from '../../../design/button.tsx';
import { Menu } from '../../../design/menu.tsx';
import { type EntryAction, kinds } from './kinds.tsx';
import type { Entry } from './parts.tsx';

/** What can be done to an entry of a list, for those who may. */
export function EntryMenu({ list, entry }: { readonly list: string; readonly entry: Entry }) {
  const may = useMay('developer');
  const [chosen, setChosen] = useState<EntryAction>();
  const actions = (kinds[list]?.actions ?? []).filter(({ fits }) => fits(entry));
  if (!may || actions.length === 0) return null;
  const label = `More about ${entry.name}`;
  return (
    <>
      <Menu
        label={label}
        items={actions.map((action, at) => ({
          label: action.label,
          danger: action.danger ?? false,
          line: (action.danger ?? false) && at > 0,
          onSelect: () => setChosen(action),
        }))}
        trigger={(props) => <IconButton small icon="more" label={label} {...props} />}
      />
      {chosen && <chosen.Dialog entry={entry} onClose={() => setChosen(undefined)} />}
    </>
  );
}
