/** Keeps one broken panel from taking the whole page down. */
import { Component, type ReactNode } from "react";
import { ProblemPanel } from "./problem-panel.tsx";

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return <ProblemPanel error={this.state.error} onRetry={() => this.setState({ error: undefined })} />;
  }
}
