import { Badge } from '../../design/badge.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { type Slot, useSlots } from './data.ts';

/** Replication slots and the log they keep. */
export function Slots() {
  const slots = useSlots();
  if (slots.error) return <ErrorBox error={slots.error} retry={() => void slots.refetch()} />;
  if (!slots.data) return <Skeleton />;
  if (slots.data.length === 0)
    return (
      <EmptyState icon="radio" title="No replication slots">
        Realtime makes one as soon as the server has <code>wal_level = logical</code>.
      </EmptyState>
    );
  return (
    <Card
      title="Replication slots"
      about="A slot keeps the server’s log until its reader has it. One without a reader fills the disk, up to max_slot_wal_keep_size."
      flush
    >
      <DataTable
        label="Replication slots"
        rows={slots.data}
        keyOf={({ name }) => name}
        columns={[
          { title: 'Slot', render: ({ name }) => <code>{name}</code> },
          { title: 'Plugin', render: ({ plugin }) => plugin ?? 'physical' },
          { title: 'Keeps', render: ({ kept }) => (kept === null ? '–' : bytes(kept)) },
          { title: 'State', render: (slot) => <State slot={slot} /> },
        ]}
      />
    </Card>
  );
}

function State({ slot: { active, status } }: { readonly slot: Slot }) {
  if (status === 'lost' || status === 'unreserved') return <Badge kind="bad">{status}</Badge>;
  return (
    <Badge kind={active ? 'good' : 'wait'} dot>
      {active ? 'read' : 'nobody reads'}
    </Badge>
  );
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(0)} KiB`;
  if (count < 1024 ** 3) return `${(count / 1024 ** 2).toFixed(1)} MiB`;
  return `${(count / 1024 ** 3).toFixed(1)} GiB`;
}
