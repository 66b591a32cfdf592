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

export function YearOverview({ years, institutions, wanted, year, jump }: OverviewProps) {
  const words = useWords(sharingWords);
  const table = useRef<HTMLTableElement>(null);
  const span = yearSpan(years);
  const rows = institutions.filter(
    (one) => wanted.institutions.length === 0 || wanted.institutions.includes(one.id),
  );
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
  const count = new Map(years.map((y) => [`${y.year} ${y.institution}`, countOf(y, wanted.kinds)]));
  const most = Math.max(1, ...count.values());
  const parts = (y: number, id: string) => {
    const counts = years.find((one) => one.year === y && one.institution === id)?.counts ?? {};
    return kinds
      .filter((kind) => (counts[kind] ?? 0) > 0)
      .map((kind) => `${words.kinds[kind]} ${counts[kind]}`)
      .join(', ');
  };
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
                <th key={y} scope="col" data-now={y === year ? '' : undefined} aria-current={y === year ? 'date' : undefined}>
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
                {span.map((y, column) => {
                  const n = count.get(`${y} ${one.id}`) ?? 0;
                  const label = words.overviewCell(y, one.name, n, n === 0 ? '' : parts(y, one.id));
                  return (
                    <td key={y} role="gridcell" data-now={y === year ? '' : undefined}>
                      <button
                        type="button"
                        className={`year-cell level-${level(n, most)}`}
                        data-cell={`${row} ${column}`}
                        tabIndex={row === there.row && column === there.column ? 0 : -1}
                        aria-label={label}
                        title={label}
                        onFocus={() => setAt({ row, column })}
                        onClick={() => jump(y, one.id)}
                      >
                        {n === 0 ? '·' : n}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
