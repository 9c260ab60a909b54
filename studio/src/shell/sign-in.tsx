import { type FormEvent, useState } from 'react';
import { ApiError } from '../data/client.ts';
import { canUsePasskeys, isDeclined } from '../data/passkeys.ts';
import { useSignIn } from '../data/session.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { ErrorBox } from '../design/states.tsx';
import logo from '../icon.svg';
import styles from './sign-in.module.css';

/** Name and password, and the code of an authenticator app where the account has one. */
export function SignIn() {
  const { signIn, signInByPasskey } = useSignIn();
  const [given, setGiven] = useState({ name: '', password: '', code: '' });
  const [needsCode, setNeedsCode] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const change = (name: keyof typeof given) => (event: FormEvent<HTMLInputElement>) =>
    setGiven({ ...given, [name]: event.currentTarget.value });

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await signIn(given.name, given.password, given.code.replaceAll(' ', ''));
    } catch (failure) {
      const asksForCode = failure instanceof ApiError && failure.code === 'code_needed';
      if (asksForCode) setNeedsCode(true);
      else setError(failure);
      setBusy(false);
    }
  }

  async function byPasskey(): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      await signInByPasskey();
    } catch (failure) {
      if (!isDeclined(failure)) setError(failure);
      setBusy(false);
    }
  }

  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit}>
        <p className={styles.brand}>
          <img src={logo} width={24} height={24} alt="" />
          pmoves-supabase
        </p>
        <h1>Sign in</h1>
        {needsCode ? (
          <TextField
            key="code"
            label="Code of your authenticator app"
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            autoFocus
            required
            value={given.code}
            onChange={change('code')}
          />
        ) : (
          <>
            <TextField
              label="Name"
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              autoFocus
              required
              value={given.name}
              onChange={change('name')}
            />
            <TextField
              label="Password"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={given.password}
              onChange={change('password')}
            />
          </>
        )}
        {error !== undefined && <ErrorBox error={error} />}
        <Button kind="primary" type="submit" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </Button>
        {needsCode ? (
          <Button kind="quiet" icon="chevron-left" onClick={() => setNeedsCode(false)}>
            Another account
          </Button>
        ) : (
          canUsePasskeys() && (
            <Button icon="key" disabled={busy} onClick={() => void byPasskey()}>
              Use a passkey
            </Button>
          )
        )}
        {!needsCode && (
          <p className={styles.about}>
            The first account is DASHBOARD_USERNAME with DASHBOARD_PASSWORD, printed at the first start and kept in
            .env.
          </p>
        )}
      </form>
    </main>
  );
}
