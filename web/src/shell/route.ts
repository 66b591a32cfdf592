// SPDX-License-Identifier: Apache-2.0
// Where we are is the part of the address after '#': "#/person/12?month=2019-05". The server
// never sees it, so it needs no fallback route, and no log holds what somebody looked at.
import { useMemo, useSyncExternalStore } from 'react';

export interface Place {
  path: string;
  query: Record<string, string>;
}

export function readPlace(hash: string): Place {
  const text = hash.replace(/^#/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? {} : Object.fromEntries(new URLSearchParams(text.slice(mark + 1)));
  return { path: path === '' ? '/' : path, query };
}

/** Empty values are left out, so that one place has one address. */
export function writePlace(place: Place): string {
  const kept = Object.entries(place.query).filter(([, value]) => value !== '');
  const query = new URLSearchParams(kept).toString();
  return `#${place.path}${query === '' ? '' : `?${query}`}`;
}

/** The parts of `path` that `pattern` names with a colon, or null when it is another path. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const parts: Record<string, string> = {};
  for (const [i, piece] of wanted.entries()) {
    const value = given[i] ?? '';
    if (!piece.startsWith(':')) {
      if (piece !== value) return null;
    } else {
      if (value === '') return null;
      try {
        parts[piece.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    }
  }
  return parts;
}

const changed = new EventTarget();

function listen(told: () => void): () => void {
  window.addEventListener('hashchange', told);
  window.addEventListener('popstate', told);
  changed.addEventListener('change', told);
  return () => {
    window.removeEventListener('hashchange', told);
    window.removeEventListener('popstate', told);
    changed.removeEventListener('change', told);
  };
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => window.location.hash);
  return useMemo(() => readPlace(hash), [hash]);
}

/** `push` makes a step that the browser's back button undoes. */
export function goTo(place: Place, step: 'push' | 'replace'): void {
  const address = writePlace(place);
  if (address === window.location.hash) return;
  if (step === 'push') window.history.pushState(null, '', address);
  else window.history.replaceState(null, '', address);
  changed.dispatchEvent(new Event('change'));
}
