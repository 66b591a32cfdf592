// SPDX-License-Identifier: Apache-2.0
// Asking the node and holding what it answered. Answers live as long as the component that
// asked; nothing about a person is kept in storage of the browser.
import { useCallback, useEffect, useRef, useState } from 'react';

/** Why there is no answer: an HTTP status, or 0 when the node was not reached. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    readonly said: string,
  ) {
    super(`${status} ${said}`);
  }
}

/** Errors of the node are FHIR OperationOutcomes; their sentence is shown below ours. */
function outcomeText(body: unknown): string {
  const issue = (body as { issue?: { diagnostics?: unknown; details?: { text?: unknown } }[] } | null)?.issue?.[0];
  const text = issue?.details?.text ?? issue?.diagnostics;
  return typeof text === 'string' ? text : '';
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { cache: 'no-store', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Fault(0, '');
  }
}

/** Sends `body` as JSON; an answer without a body is undefined. */
export async function send<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
  const headers = { Accept: 'application/json', ...(body ? { 'Content-Type': 'application/json' } : {}) };
  const reply = await reach(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const said: unknown = await reply.json().catch(() => undefined);
  if (!reply.ok) throw new Fault(reply.status, outcomeText(said));
  return said as T;
}

export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  const reply = await reach(path, { headers: { Accept: 'application/json' }, ...(signal ? { signal } : {}) });
  const body: unknown = await reply.json().catch(() => undefined);
  if (!reply.ok) throw new Fault(reply.status, outcomeText(body));
  if (body === undefined) throw new Fault(502, '');
  return body as T;
}

export interface Answer<T> {
  value: T | undefined;
  fault: Fault | undefined;
  waiting: boolean;
  again: () => void;
}

/** Asks for `path` (null asks nothing) and remembers every answer this component has had. */
export function useAnswer<T>(path: string | null): Answer<T> {
  const had = useRef(new Map<string, T>());
  const [, tell] = useState(0);
  const [failed, setFailed] = useState<{ path: string; fault: Fault } | null>(null);
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    if (path === null || had.current.has(path)) return;
    const stop = new AbortController();
    setFailed(null);
    ask<T>(path, stop.signal).then(
      (value) => {
        had.current.set(path, value);
        tell((n) => n + 1);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        setFailed({ path, fault: error instanceof Fault ? error : new Fault(0, String(error)) });
      },
    );
    return () => stop.abort();
  }, [path, turn]);

  const again = useCallback(() => setTurn((n) => n + 1), []);
  const value = path === null ? undefined : had.current.get(path);
  const fault = failed !== null && failed.path === path && value === undefined ? failed.fault : undefined;
  return { value, fault, waiting: path !== null && value === undefined && fault === undefined, again };
}
