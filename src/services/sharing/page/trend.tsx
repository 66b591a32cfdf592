// SPDX-License-Identifier: Apache-2.0
// One analyte over a life: a chart to see, its sentence for who cannot, and the same numbers as
// a table.
import { useEffect, useMemo, useRef } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import { address, type Trend } from './contract';
import { Sign } from './icons';
import { InstitutionName, useInstitutions } from './institution';
import { dayText, sharingWords, shortDay, type SharingWords } from './words';

function sideOf(trend: Trend, value: number): 'high' | 'low' | null {
  if (trend.high != null && value > trend.high) return 'high';
  return trend.low != null && value < trend.low ? 'low' : null;
}

function summary(trend: Trend, words: SharingWords, language: 'ja' | 'en'): string {
  const values = trend.points.map((p) => p.value);
  const unit = !trend.unit ? '' : ` ${trend.unit}`;
  return words.trendSummary({
    name: trend.name,
    n: trend.points.length,
    from: dayText(trend.points[0]?.day ?? '1970-01-01', language),
    to: dayText(trend.points.at(-1)?.day ?? '1970-01-01', language),
    low: `${Math.min(...values)}${unit}`,
    high: `${Math.max(...values)}${unit}`,
    last: `${values.at(-1)}${unit}`,
  });
}

/** The chart's library is fetched from our own server only when a first trend is opened. */
function Chart({ trend }: { trend: Trend }) {
  const box = useRef<HTMLDivElement>(null);
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const institution = useInstitutions();
  const look = useRef(institution);
  look.current = institution;
  useEffect(() => {
    let stopped = false;
    let remove = () => undefined as void;
    void import('./trendchart').then(({ drawTrend }) => {
      if (!stopped && box.current) remove = drawTrend(box.current, trend, (id) => look.current(id));
    });
    return () => {
      stopped = true;
      remove();
    };
  }, [trend]);
  return <div ref={box} className="trend-chart" role="img" aria-label={summary(trend, words, language)} />;
}

function Points({ trend }: { trend: Trend }) {
  const words = useWords(sharingWords);
  return (
    <details className="trend-table">
      <summary>{words.table}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.listColumns.day}</th>
            <th scope="col" className="value-cell">
              {words.results.value}
            </th>
            <th scope="col">{words.listColumns.institution}</th>
          </tr>
        </thead>
        <tbody>
          {trend.points.toReversed().map((point, i) => {
            const side = sideOf(trend, point.value);
            return (
              <tr key={i}>
                <th scope="row">{shortDay(point.day)}</th>
                <td className="value-cell">
                  <span className="value">{point.value}</span>
                  {side !== null && (
                    <span className={`flag flag-${side}`}>
                      <span aria-hidden="true">{side === 'high' ? '▲' : '▼'}</span> {words.outside[side]}
                    </span>
                  )}
                </td>
                <td>
                  <InstitutionName id={point.institution} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

/** The contract promises no order. */
function inTime(trend: Trend): Trend {
  return { ...trend, points: trend.points.toSorted((a, b) => a.day.localeCompare(b.day)) };
}

export function TrendCard({ person, code, close }: { person: string; code: string; close: () => void }) {
  const words = useWords(sharingWords);
  const answer = useAnswer<Trend>(address.trend(person, code));
  const given = answer.value;
  const trend = useMemo(() => given && inTime(given), [given]);
  const name = trend?.name ?? words.trend;
  const sources = [...new Set(trend?.points.map((p) => p.institution))];
  return (
    <section className="trend" aria-label={`${words.trend} ${trend?.name ?? ''}`}>
      <div className="trend-head">
        <h4>
          {name}
          {trend?.unit && <span className="unit">（{trend.unit}）</span>}
          {trend?.low != null && trend.high != null && (
            <span className="trend-range">
              {words.range} {trend.low}–{trend.high}
            </span>
          )}
        </h4>
        <button
          type="button"
          className="button small close"
          onClick={close}
          aria-label={words.closeTrend(name)}
          title={words.closeTrend(name)}
        >
          <Sign name="close" />
        </button>
      </div>
      {answer.waiting && <Loading />}
      {answer.fault && <Failure fault={answer.fault} again={answer.again} />}
      {trend && trend.points.length === 0 && <p className="none">{words.noPoints}</p>}
      {trend && trend.points.length > 0 && (
        <>
          <Chart trend={trend} />
          <p className="trend-sources" aria-hidden="true">
            {sources.map((id) => (
              <InstitutionName key={id} id={id} />
            ))}
          </p>
          <Points trend={trend} />
        </>
      )}
    </section>
  );
}
