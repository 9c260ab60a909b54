import { Component, type ReactNode } from 'react';
import { Button } from '../design/button.tsx';
import { PageLayout } from '../design/layout.tsx';
import { EmptyState, ErrorBox } from '../design/states.tsx';
import { isMissingChunk, mayReload, noteReload } from './missing-chunk.ts';

/** Keeps a page that fails from taking the others with it. */
export class PageBoundary extends Component<{ readonly children: ReactNode }, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {};

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    if (isMissingChunk(error)) return <MissingChunk error={error} />;
    return (
      <PageLayout title="This page failed">
        <ErrorBox error={error} retry={() => location.reload()} />
      </PageLayout>
    );
  }
}

/** A page of an older build is not there any more: loading anew brings the one there is. */
function MissingChunk({ error }: { readonly error: Error }) {
  const notes = () => sessionStorage;
  if (!mayReload(error, notes))
    return (
      <EmptyState icon="alert" title="This page cannot be loaded">
        It is not there after reloading either. The server may be away, or the dashboard is being built; come back in a
        while.
      </EmptyState>
    );
  return (
    <EmptyState
      icon="refresh"
      title="The dashboard has been updated"
      actions={
        <Button
          icon="refresh"
          onClick={() => {
            noteReload(error, notes);
            location.reload();
          }}
        >
          Reload
        </Button>
      }
    >
      This page is of a build that is not there any more. Reloading brings the one that is.
    </EmptyState>
  );
}
