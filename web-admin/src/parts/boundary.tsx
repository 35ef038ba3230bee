/* boundary: a page that breaks takes nothing else with it. */
import { Component, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { Panel } from './page';
import { ErrorState } from './states';

interface BoundaryProps {
  /** Another value tries again: the address. */
  at: string;
  children: ReactNode;
}

class Boundary extends Component<BoundaryProps, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: BoundaryProps) {
    if (before.at !== this.props.at && this.state.error) this.setState({ error: null });
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <Panel>
        {/* A file of an older build may be gone from the server: loading the page anew gets the current ones. */}
        <ErrorState
          error={this.state.error}
          what="This page could not be shown"
          retry={() => window.location.reload()}
        />
      </Panel>
    );
  }
}

export function PageBoundary({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  return <Boundary at={path}>{children}</Boundary>;
}
