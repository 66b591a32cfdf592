// SPDX-License-Identifier: Apache-2.0
// What the shell says on every page: that something is loading, that it failed, that the doors
// stand open.
import { Component, useEffect, useState, type ErrorInfo, type ReactNode } from 'react';
import { useWords } from '@i18n/language';
import { shellWords } from '@i18n/words';
import type { Fault } from './answer';

/** Shown only after a moment: a flash of "loading" on a fast network disturbs more than it tells. */
export function Loading() {
  const words = useWords(shellWords);
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="loading" role="status">
      {late && (
        <>
          <span className="loading-sign" aria-hidden="true" />
          {words.loading}
        </>
      )}
    </p>
  );
}

type FaultWord = 'unreached' | 'signIn' | 'absent' | 'busy' | 'broken';
const wordOfStatus: Record<number, FaultWord> = {
  0: 'unreached',
  401: 'signIn',
  403: 'signIn',
  404: 'absent',
  410: 'absent',
  429: 'busy',
  503: 'busy',
};

export function Failure({ fault, again }: { fault: Fault; again: () => void }) {
  const words = useWords(shellWords);
  const word = wordOfStatus[fault.status] ?? 'broken';
  return (
    <div className="failure" role="alert">
      <p className="failure-text">{words.faults[word]}</p>
      {fault.said !== '' && word !== 'absent' && <p className="failure-said">{fault.said}</p>}
      {word !== 'absent' && (
        <button type="button" className="button" onClick={again}>
          {words.again}
        </button>
      )}
      {word === 'signIn' && <a href="#/sign-in">{words.signIn}</a>}
    </div>
  );
}

/** Nobody may take a demonstration for the real thing. */
export function DemoBanner() {
  const words = useWords(shellWords);
  return (
    <aside className="demo-banner" aria-label={words.demoTitle}>
      <p>
        <strong>{words.demoTitle}</strong>
        <span>{words.demoText}</span>
      </p>
    </aside>
  );
}

export function OpenBanner() {
  const words = useWords(shellWords);
  return (
    <div className="open-banner" role="alert">
      <svg className="open-banner-sign" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 2.500 23 21.500H1z" fill="currentColor" />
        <path d="M12 9v6m0 2.600v.4" className="open-banner-mark" />
      </svg>
      <p>
        <strong>{words.openTitle}</strong>
        <span>{words.openText}</span>
      </p>
    </div>
  );
}

function Broken() {
  const words = useWords(shellWords);
  return (
    <div className="failure" role="alert">
      <p className="failure-text">{words.broken}</p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        {words.again}
      </button>
    </div>
  );
}

/** A mistake of ours in one page must not leave an empty screen that looks like "no records". */
export class Guard extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }
  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error.name, info.componentStack);
  }
  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}
