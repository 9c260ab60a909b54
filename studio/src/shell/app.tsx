import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { signedOut } from '../data/client.ts';
import { sessionKey, useSessionQuery } from '../data/session.ts';
import { ErrorBox, Skeleton } from '../design/states.tsx';
import styles from './app.module.css';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

/** The dashboard: the page to sign in, or the shell around all others. */
export function App() {
  const session = useSessionQuery();
  const client = useQueryClient();
  useEffect(() => {
    // Whichever request meets the end of the session, the page to sign in comes.
    const forget = () => client.setQueryData(sessionKey, null);
    signedOut.addEventListener('signed-out', forget);
    return () => signedOut.removeEventListener('signed-out', forget);
  }, [client]);

  if (session.data) return <Shell />;
  if (session.data === null) return <SignIn />;
  return (
    <div className={styles.center}>
      <div className={styles.wait}>
        {session.error ? <ErrorBox error={session.error} retry={() => void session.refetch()} /> : <Skeleton />}
      </div>
    </div>
  );
}
