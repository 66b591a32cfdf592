// SPDX-License-Identifier: Apache-2.0
// The answer of /api/lookers, as docs/audit.md promises it.

export interface Looker {
  index: number;
  /** UTC, 2026-04-01T00:00:00.000Z */
  at: string;
  kind: string;
  outcome?: string;
  role?: string;
  organisation?: string;
  client?: string;
  purpose?: string;
  name?: string;
  agent?: string;
  emergency?: boolean;
  unexplained?: boolean;
  /** How many records of which type; absent where the entry tells of others too. */
  shown?: Record<string, number>;
  /** Why the text is not given: other persons stand in it; the network names no professionals. */
  withheld?: 'others' | 'names';
  salt?: string;
  entry?: string;
  commit?: string;
  /** Absent: not signed for yet. */
  path?: string[];
}

export interface Lookers {
  person: string;
  /** The log's verifier key. */
  key: string;
  checkpoint: string;
  organisations: Record<string, string>;
  lookers: Looker[];
  next?: string;
}

function query(person: string, more: Record<string, string> = {}): string {
  const all = new URLSearchParams({ ...(person === '' ? {} : { person }), ...more }).toString();
  return all === '' ? '' : `?${all}`;
}

export const address = {
  lookers: (person: string, before: string) => `/api/lookers${query(person, before === '' ? {} : { before })}`,
  proofs: (person: string) => `/api/lookers/proofs${query(person)}`,
};
