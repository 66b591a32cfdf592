// SPDX-License-Identifier: Apache-2.0
// The answers of /api/sharing, as docs/timeline-api.md promises them.

/** A day in Japan, YYYY-MM-DD; as text it sorts as time does. */
export type Day = string;
/** YYYY-MM */
export type Month = string;

/** In the order in which a day shows them: where the person was, then what was found and done. */
export const kinds = [
  'admission',
  'visit',
  'note',
  'lab',
  'prescription',
  'procedure',
  'image',
  'document',
  'checkup',
  'vital',
  'condition',
  'immunization',
  'allergy',
] as const;
export type Kind = (typeof kinds)[number];

export interface PersonRow {
  person: string;
  name: string;
  kana: string;
  gender: string;
  /** Of some only the year or month is known. */
  birthDate: string | null;
  institutions: number;
}

export interface Persons {
  persons: PersonRow[];
  next?: string | null;
}

export interface Age {
  years: number;
  months: number;
  days: number;
}

export interface Institution {
  id: string;
  name: string;
  charts: { number: string }[];
}

export interface Allergy {
  text: string;
  institution: string;
  recorded?: Day | null;
  criticality?: string | null;
}

export interface YearCount {
  year: number;
  institution: string;
  counts: Partial<Record<Kind, number>>;
}

export interface Overview {
  person: string;
  name: string;
  kana: string;
  gender: string;
  birthDate: string | null;
  deceased: string | null;
  age: Age | null;
  institutions: Institution[];
  allergies: Allergy[];
  first: Day | null;
  last: Day | null;
  years: YearCount[];
}

export interface TimelineEvent {
  id: string;
  kind: Kind;
  day: Day;
  time: string | null;
  end?: Day | null;
  institution: string;
  title: string;
  summary?: string | null;
  count?: number;
}

export interface Duplicate {
  institution: string;
  day: Day;
}

export interface ResultRow {
  name: string;
  value: string;
  unit?: string | null;
  low?: number | null;
  high?: number | null;
  flag?: string | null;
  code?: string | null;
  numeric?: number | null;
  trend?: boolean;
  duplicate?: Duplicate | null;
}

export interface DrugRow {
  name: string;
  dose?: string | null;
  usage?: string | null;
  days?: number | null;
  duplicate?: Duplicate | null;
}

export interface EventDetail {
  id: string;
  kind: Kind;
  /** Of some records no day is known. */
  day?: Day;
  time?: string | null;
  end?: Day | null;
  institution: string;
  author?: string | null;
  title: string;
  sections?: { title: string; text: string }[];
  rows?: ResultRow[];
  drugs?: DrugRow[];
  records?: string[];
}

export interface Trend {
  name: string;
  unit?: string | null;
  low?: number | null;
  high?: number | null;
  points: { day: Day; value: number; institution: string }[];
}

const root = '/api/sharing';
const part = encodeURIComponent;

export const address = {
  persons: (name: string, after: string) =>
    `${root}/persons?${new URLSearchParams({ name, limit: '50', after }).toString()}`,
  overview: (person: string, on: string) => `${root}/persons/${part(person)}${on === '' ? '' : `?on=${part(on)}`}`,
  events: (person: string, from: Day, to: Day) => `${root}/persons/${part(person)}/events?from=${from}&to=${to}`,
  detail: (person: string, event: string) => `${root}/persons/${part(person)}/events/${part(event)}`,
  trend: (person: string, code: string) => `${root}/persons/${part(person)}/trend?code=${part(code)}`,
};
