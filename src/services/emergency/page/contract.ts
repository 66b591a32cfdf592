// SPDX-License-Identifier: Apache-2.0
// The answers of /emergency and /api/notices, as docs/emergency-api.md promises them; and sending.
import { Fault } from '@shell/answer';

export interface Reason {
  code: string;
  ja: string;
  en: string;
}

export interface FoundPerson {
  person: string;
  name: string;
  kana: string;
  gender: string;
  birthDate: string;
  granted: boolean;
  standing: boolean;
}

export interface Grant {
  number: number;
  level: 'none' | 'minimum' | 'full';
  live: boolean;
  refused: 'nothing' | 'parts' | 'all';
  name: string;
  role: string;
  organisation: string;
  reason: string;
  words: string;
  at: string | null;
  until: string | null;
  second: { name: string; organisation: string; words: string; at: string | null } | null;
}

export interface Row {
  text: string;
  detail: string;
  phone?: string;
  grave: boolean;
  day: string | null;
  institution: string;
  type: string;
  items: string[];
}

export interface Section {
  id: string;
  records: number;
  rows: Row[];
}

export interface Item {
  id: string;
  ja: string;
  en: string;
  ours: boolean;
  records: number;
}

export interface Screen {
  person: string;
  name: string;
  kana: string;
  gender: string;
  birthDate: string;
  age: number | null;
  deceased: boolean;
  numbers: string[];
  grant: Grant | null;
  standing: boolean;
  refusedParts: boolean;
  sections: Section[];
  others?: Row[];
  othersAll?: number;
  items: Item[];
}

export interface Review {
  number: number;
  due: string;
  overdue: boolean;
  verdict: string;
  words: string;
  by: string;
  at: string | null;
  grant: Grant;
}

export interface Reviews {
  open: number;
  overdue: number;
  alarm: boolean;
  reviews: Review[];
}

export interface Notice {
  number: number;
  to: string;
  kind: 'grant' | 'extended' | 'refused' | 'standing' | 'reviewed';
  at: string | null;
  readAt: string | null;
  verdict: string;
  grant: Grant;
}

export interface Notices {
  unread: number;
  notices: Notice[];
}

function saidIn(body: unknown): string {
  const issue = (body as { issue?: { details?: { text?: unknown }; diagnostics?: unknown }[] } | null)?.issue?.[0];
  const text = issue?.diagnostics ?? issue?.details?.text;
  return typeof text === 'string' ? text : '';
}

/** Sends `what` and answers what came back; undefined where the node says nothing. */
export async function send<T>(path: string, what: Record<string, string>): Promise<T | undefined> {
  let reply: Response;
  try {
    reply = await fetch(path, {
      method: 'POST',
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      cache: 'no-store',
      body: JSON.stringify(what),
    });
  } catch {
    throw new Fault(0, '');
  }
  const body: unknown = reply.status === 204 ? undefined : await reply.json().catch(() => undefined);
  if (!reply.ok) throw new Fault(reply.status, saidIn(body));
  return body as T | undefined;
}

export function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault(0, String(error));
}
