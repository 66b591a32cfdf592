// SPDX-License-Identifier: Apache-2.0
// Who is signed in, for every page: asked once, and again after somebody came in or went out.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ask, send } from './answer';

export interface Session {
  signedIn: boolean;
  /** Authentication is off: everybody is let in. */
  open: boolean;
  /** A demonstration: accounts may be chosen from a list. */
  demo: boolean;
  name?: string;
  role?: { name: string; ja: string; en: string };
  organisation?: string;
  person?: string;
  demoAccount?: boolean;
  secondFactor?: boolean;
  secondFactorNeeded?: boolean;
}

interface Held {
  /** undefined until it is known */
  session: Session | undefined;
  set: (session: Session) => void;
  signOut: () => Promise<void>;
}

const Holder = createContext<Held>({ session: undefined, set: () => undefined, signOut: async () => undefined });

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, set] = useState<Session | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    // Who came in meanwhile is newer than what was asked before.
    ask<Session>('/session', stop.signal).then(
      (first) => set((now) => now ?? first),
      () => undefined,
    );
    return () => stop.abort();
  }, []);
  const signOut = useCallback(async () => {
    await send('DELETE', '/session');
    // What this person saw leaves the memory of the page too.
    window.location.assign('/');
  }, []);
  const held = useMemo(() => ({ session, set, signOut }), [session, signOut]);
  return <Holder value={held}>{children}</Holder>;
}

export function useSession(): Held {
  return useContext(Holder);
}
