import { useState } from 'react';
import { useMay } from '../../../data/session.ts';
import { Button } from '../../../design/button.tsx';
import { TextArea } from '../../../design/field.tsx';
import { ErrorBox } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import type { WholeUser } from '../../../sql/users.ts';
import { putUser, useUserChange } from './data.ts';
import { metadataPatch, readObject } from './metadata.ts';
import styles from './users.module.css';

const shown = (value: unknown): string => JSON.stringify(value ?? {}, null, 2);

/** What is known of a user besides: theirs, which they can change, and the application's. */
export function Metadata({ user }: { readonly user: WholeUser }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const [theirs, setTheirs] = useState(shown(user.userMetadata));
  const [own, setOwn] = useState(shown(user.appMetadata));
  const save = useUserChange(
    async () => {
      const userMetadata = metadataPatch(user.userMetadata, readObject(theirs));
      const appMetadata = metadataPatch(user.appMetadata, readObject(own));
      await putUser(user.id, {
        ...(userMetadata && { user_metadata: userMetadata }),
        ...(appMetadata && { app_metadata: appMetadata }),
      });
    },
    () => toasts.done('The metadata are saved'),
  );
  const changed = theirs !== shown(user.userMetadata) || own !== shown(user.appMetadata);
  return (
    <div className={styles.part}>
      <TextArea
        label="User metadata"
        hint="The user can change these; never decide by them what somebody may do."
        readOnly={!may}
        rows={5}
        value={theirs}
        onChange={(event) => setTheirs(event.currentTarget.value)}
      />
      <TextArea
        label="App metadata"
        hint="Only servers change these; they stand in access tokens, so that policies can ask for them."
        readOnly={!may}
        rows={5}
        value={own}
        onChange={(event) => setOwn(event.currentTarget.value)}
      />
      {save.error && <ErrorBox error={save.error} />}
      {may && changed && (
        <div className={styles.actions}>
          <Button kind="primary" disabled={save.isPending} onClick={() => save.mutate()}>
            Save the metadata
          </Button>
        </div>
      )}
    </div>
  );
}
