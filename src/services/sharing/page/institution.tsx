// SPDX-License-Identifier: Apache-2.0
// An institution is recognised by a letter in a shape of its own; the colour only helps.
import { createContext, useContext, useMemo, type ReactNode } from 'react';
import type { Institution } from './contract';

/** ECharts and the marks on the page draw the same shapes, on a square of 24. */
export const shapes = [
  'M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20z',
  'M2.500 2.500h19v19h-19z',
  'M12 1l11.500 21H.500z',
  'M12 .500 23.500 12 12 23.500 .500 12z',
  'M6.500 2h11L23 12l-5.500 10h-11L1 12z',
  'M12 1.500l10.500 8-4 12.500h-13l-4-12.500z',
] as const;

export const colours = [
  '#0b5394',
  '#a33b00',
  '#1b6b3a',
  '#6a2c91',
  '#8a1c4a',
  '#5b5200',
  '#00616b',
  '#444444',
] as const;

export interface Marked extends Institution {
  index: number;
  letter: string;
}

/** A to Z, then AA: as the columns of a sheet. */
export function letterOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}

const Known = createContext<Map<string, Marked>>(new Map());

export function InstitutionsProvider({ list, children }: { list: readonly Institution[]; children: ReactNode }) {
  const known = useMemo(
    () => new Map(list.map((one, index) => [one.id, { ...one, index, letter: letterOf(index) }])),
    [list],
  );
  return <Known value={known}>{children}</Known>;
}

/** An institution that the header did not name is shown by its number, never left out. */
export function useInstitutions(): (id: string) => Marked {
  const known = useContext(Known);
  return (id) => known.get(id) ?? { id, name: id, charts: [], index: known.size, letter: '?' };
}

export function Mark({ of }: { of: Marked }) {
  const shape = of.index % shapes.length;
  const low = shape === 2 ? 19.5 : shape === 5 ? 17.5 : 16.6;
  return (
    <svg className={`mark mark-${of.index % colours.length}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={shapes[shape]} />
      <text x="12" y={low} textAnchor="middle" className={of.letter.length > 1 ? 'mark-long' : ''}>
        {of.letter}
      </text>
    </svg>
  );
}

export function InstitutionName({ id }: { id: string }) {
  const one = useInstitutions()(id);
  return (
    <span className="institution">
      <Mark of={one} />
      <span className="institution-name">{one.name}</span>
    </span>
  );
}
