// SPDX-License-Identifier: Apache-2.0
// Where somebody wanted to go before they were asked to sign in: a path of this node, never another's.
const kept = 'kumihimo.then';

/** One slash, then neither a second nor a backslash: browsers take both for another host. */
export function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])[^\u0000-\u001f]*$/.test(path) && path.length <= 4096;
}

/** Kept while the browser is at a provider's. It names nobody. */
export function keepThen(path: string): void {
  try {
    if (isOwnPath(path)) window.sessionStorage.setItem(kept, path);
    else window.sessionStorage.removeItem(kept);
  } catch {
    // Storage is off: the start page will do.
  }
}

export function takeThen(): string {
  try {
    const path = window.sessionStorage.getItem(kept) ?? '';
    window.sessionStorage.removeItem(kept);
    return isOwnPath(path) ? path : '';
  } catch {
    return '';
  }
}
