import type { ReactNode } from 'react';
import { StatementDialog } from '../../../design/statement-dialog.tsx';
import { rebuildIndexSql } from '../../../sql/ddl/table-index.ts';
import { DropEnum, DropFunction, DropIndex, DropPublication, DropRelation, DropRole, DropTrigger } from './drops.tsx';
import { EnumForm } from './enum-form.tsx';
import { FunctionForm } from './function-form.tsx';
import { IndexForm } from './index-form.tsx';
import type { Entry, FormProps } from './parts.tsx';
import { PublicationForm } from './publication-form.tsx';
import { RoleForm } from './role-form.tsx';
import { TriggerForm } from './trigger-form.tsx';
import { RefreshForm, ViewForm } from './view-form.tsx';

/** Something that can be done to an entry of a list. */
export interface EntryAction {
  readonly label: string;
  readonly danger?: boolean;
  /** Whether it can be done to this one. */
  readonly fits: (entry: Entry) => boolean;
  readonly Dialog: (props: { readonly entry: Entry; readonly onClose: () => void }) => ReactNode;
}

/** What can be done with the entries of a list. */
export interface Kind {
  /** What the button says that makes one. */
  readonly make: string;
  readonly Form: (props: FormProps) => ReactNode;
  readonly actions: readonly EntryAction[];
}

const always = (_: Entry): boolean => true;
const isView = ({ kind }: Entry): boolean => kind === 'view' || kind === 'materialized view';
const drop = (Dialog: EntryAction['Dialog'], fits: EntryAction['fits'] = always): EntryAction => ({
  label: 'Drop',
  danger: true,
  fits,
  Dialog,
});
const change = (Form: Kind['Form'], fits: EntryAction['fits'] = always, label = 'Change'): EntryAction => ({
  label,
  fits,
  Dialog: Form,
});

function Rebuild({ entry, onClose }: { readonly entry: Entry; readonly onClose: () => void }) {
  const [schema, name] = [String(entry.schema), String(entry.name)];
  return (
    <StatementDialog
      title={`Rebuild ${name}?`}
      action="Rebuild it"
      sql={rebuildIndexSql(schema, name)}
      said={`${name} is rebuilt`}
      onClose={onClose}
    >
      <p>It is built anew beside the old one, while rows are read and written.</p>
    </StatementDialog>
  );
}

/** What can be done, by the key of the list. Lists that are not here are only looked at. */
export const kinds: Readonly<Record<string, Kind>> = {
  tables: {
    make: 'New view',
    Form: ViewForm,
    actions: [
      change(ViewForm, isView),
      { label: 'Refresh', fits: ({ kind }) => kind === 'materialized view', Dialog: RefreshForm },
      drop(DropRelation),
    ],
  },
  functions: {
    make: 'New function',
    Form: FunctionForm,
    actions: [change(FunctionForm, ({ language }) => language !== 'c' && language !== 'internal'), drop(DropFunction)],
  },
  triggers: { make: 'New trigger', Form: TriggerForm, actions: [change(TriggerForm), drop(DropTrigger)] },
  enums: { make: 'New enum', Form: EnumForm, actions: [change(EnumForm), drop(DropEnum)] },
  indexes: {
    make: 'New index',
    Form: IndexForm,
    actions: [
      change(IndexForm, always, 'Rename'),
      { label: 'Rebuild', fits: always, Dialog: Rebuild },
      drop(DropIndex, ({ constraint }) => constraint === null),
    ],
  },
  publications: {
    make: 'New publication',
    Form: PublicationForm,
    actions: [change(PublicationForm), drop(DropPublication)],
  },
  roles: { make: 'New role', Form: RoleForm, actions: [change(RoleForm), drop(DropRole)] },
};
