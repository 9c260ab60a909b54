import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { studio } from '../../../data/client.ts';

/** A mail before it is filled in. */
export interface Draft {
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
}

/** What a kind of mail says unless settings say otherwise. */
export interface StandardMail extends Draft {
  readonly variables: readonly string[];
}

/** All kinds of mail. */
export const useMails = () =>
  useQuery({
    queryKey: ['mails'],
    queryFn: ({ signal }) => studio<StandardMail[]>('/mails', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The draft as it stood still for a moment. */
function useSettled(draft: Draft): Draft {
  const [settled, setSettled] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), 300);
    return () => clearTimeout(timer);
  }, [draft]);
  return settled;
}

/** A draft filled in: its subject, and the path of a page to look at. */
export function usePreview(draft: Draft) {
  const settled = useSettled(draft);
  return useQuery({
    queryKey: ['mail-preview', settled],
    queryFn: ({ signal }) =>
      studio<{ subject: string; path: string }>('/mails/previews', { method: 'POST', body: settled, signal }),
    // The server forgets pages soon.
    gcTime: 0,
    retry: false,
    placeholderData: (before) => before,
  });
}

/** Sends a draft to somebody, to try it. */
export const useTestMail = (done: (to: string) => void) =>
  useMutation({
    mutationFn: ({ draft, to }: { readonly draft: Draft; readonly to: string }) =>
      studio('/mails/test', { method: 'POST', body: { ...draft, to } }),
    onSuccess: (_answer, { to }) => done(to),
  });
