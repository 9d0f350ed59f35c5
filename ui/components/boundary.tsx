/** A throw while drawing must not leave the terminal in pieces: the driver closes it and says what happened. */
import { Component, type ReactNode } from 'react';

export class Boundary extends Component<{ crash: (error: unknown) => void; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.crash(error);
  }

  override render(): ReactNode {
    return this.state.broken ? null : this.props.children;
  }
}
