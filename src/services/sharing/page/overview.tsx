// SPDX-License-Identifier: Apache-2.0
// A life at a glance: a row for each institution, a column for each year, darker where there is
// more; choosing a cell jumps there. Arrow keys move inside, so that Tab passes it in one step.
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useWords } from '@i18n/language';
import { kinds, type Institution, type YearCount } from './contract';
import { countOf, level, yearSpan, type Wanted } from './gather';
import { InstitutionName } from './institution';
import { sharingWords } from './words';

export interface OverviewProps {
  years: readonly YearCount[];
  institutions: readonly Institution[];
  wanted: Wanted;
  year: number;
  jump: (year: number, institution: string) => void;
}

const moves: Record<string, [row: number, column: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, -1000],
  End: [0, 1000],
};

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}

interface YearCellProps {
  year: number;
  institution: string;
  counts: YearCount | undefined;
  wanted: Wanted;
  most: number;
  now: boolean;
  tabStop: boolean;
  place: string;
  reach: () => void;
  jump: () => void;
}

function YearCell({ year, institution, counts, wanted, most, now, tabStop, place, reach, jump }: YearCellProps) {
  const words = useWords(sharingWords);
  const n = counts === undefined ? 0 : countOf(counts, wanted.kinds);
  const where = words.yearAt(year, institution);
  const parts = kinds.filter((kind) => (counts?.counts[kind] ?? 0) > 0);
  const what = n === 0 ? words.nothing : parts.map((kind) => `${words.kinds[kind]} ${counts?.counts[kind]}`).join(', ');
  return (
    <td role="gridcell" data-now={now ? '' : undefined}>
      <button
        type="button"
        className={`year-cell level-${level(n, most)}`}
        data-cell={place}
        tabIndex={tabStop ? 0 : -1}
        title={`${where} ${what}`}
        onFocus={reach}
        onClick={jump}
      >
        <span className="visually-hidden">{where} </span>
        {n === 0 ? <span aria-hidden="true">·</span> : n}
        <span className="visually-hidden"> {what}</span>
      </button>
    </td>
  );
}

export function YearOverview({ years, institutions, wanted, year, jump }: OverviewProps) {
  const words = useWords(sharingWords);
  const table = useRef<HTMLTableElement>(null);
  const span = yearSpan(years);
  const rows = institutions.filter((one) => wanted.institutions.length === 0 || wanted.institutions.includes(one.id));
  const [at, setAt] = useState({ row: 0, column: Math.max(0, span.indexOf(year)) });
  const there = { row: clamp(at.row, rows.length - 1), column: clamp(at.column, span.length - 1) };

  useEffect(() => {
    const column = span.indexOf(year);
    if (column >= 0) setAt((old) => ({ ...old, column }));
    const box = table.current?.parentElement;
    const head = table.current?.querySelector<HTMLElement>('[data-now]');
    if (!box || !head) return;
    const middle = head.offsetLeft + head.offsetWidth / 2 - box.clientWidth / 2;
    box.scrollTo({ left: Math.max(0, middle) });
    // The span follows from the years, which do not change while this person is shown.
  }, [year]);

  const move = (event: KeyboardEvent) => {
    const step = moves[event.key];
    if (!step) return;
    event.preventDefault();
    const row = clamp(there.row + step[0], rows.length - 1);
    const column = clamp(there.column + step[1], span.length - 1);
    setAt({ row, column });
    table.current?.querySelector<HTMLElement>(`[data-cell="${row} ${column}"]`)?.focus();
  };

  if (span.length === 0) return null;
  const counts = new Map(years.map((y) => [`${y.year} ${y.institution}`, y]));
  const most = Math.max(1, ...years.map((y) => countOf(y, wanted.kinds)));
  return (
    <section className="overview" aria-labelledby="overview-title">
      <h2 id="overview-title">{words.overview}</h2>
      <p className="hint">{words.overviewHint}</p>
      <div className="overview-box">
        <table ref={table} role="grid" aria-labelledby="overview-title" onKeyDown={move}>
          <thead>
            <tr>
              <td className="overview-corner" />
              {span.map((y) => (
                <th
                  key={y}
                  scope="col"
                  data-now={y === year ? '' : undefined}
                  aria-current={y === year ? 'date' : undefined}
                >
                  {y}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((one, row) => (
              <tr key={one.id}>
                <th scope="row">
                  <InstitutionName id={one.id} />
                </th>
                {span.map((y, column) => (
                  <YearCell
                    key={y}
                    year={y}
                    institution={one.name}
                    counts={counts.get(`${y} ${one.id}`)}
                    wanted={wanted}
                    most={most}
                    now={y === year}
                    tabStop={row === there.row && column === there.column}
                    place={`${row} ${column}`}
                    reach={() => setAt({ row, column })}
                    jump={() => jump(y, one.id)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
