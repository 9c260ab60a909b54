import { useEffect, useReducer, useRef } from 'react';

const pause = 400;

/** A reducer whose state this browser keeps, under a key of the operator. */
export function useStored<S, A>(key: string, read: (text: string | null) => S, reduce: (state: S, action: A) => S) {
  const [state, act] = useReducer(reduce, key, (name) => read(localStorage.getItem(name)));
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const write = () => {
      try {
        localStorage.setItem(key, JSON.stringify(state));
      } catch {
        // The browser keeps no more; what is in view goes on.
      }
    };
    const timer = setTimeout(write, pause);
    addEventListener('pagehide', write);
    return () => {
      clearTimeout(timer);
      removeEventListener('pagehide', write);
      write();
    };
  }, [key, state]);
  return [state, act] as const;
}
