import { Component, type ReactNode } from 'react';
import { PageLayout } from '../design/layout.tsx';
import { ErrorBox } from '../design/states.tsx';

/** Keeps a page that fails from taking the others with it. */
export class PageBoundary extends Component<{ readonly children: ReactNode }, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {};

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <PageLayout title="This page failed">
        {/* A page of an older build is not there any more: loading anew brings the one there is. */}
        <ErrorBox error={error} retry={() => location.reload()} />
      </PageLayout>
    );
  }
}
