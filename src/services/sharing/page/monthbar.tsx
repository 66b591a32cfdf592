// SPDX-License-Identifier: Apache-2.0
// Which month is shown, its neighbours, and the twelve months of its year with what they hold.
import type { KeyboardEvent } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import type { Month } from './contract';
import { addMonths, yearOf } from './days';
import { level } from './gather';
import { Sign } from './icons';
import { monthText, sharingWords, shortMonth } from './words';

export interface MonthBarProps {
  month: Month;
  /** Null while they are not known: unknown must not look like none. */
  counts: readonly number[] | null;
  show: (month: Month) => void;
}

/** Left and right walk a row of buttons of which one takes Tab. */
function walkRow(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  const at = buttons.findIndex((one) => one === document.activeElement);
  event.preventDefault();
  buttons[at + step]?.focus();
}

export function MonthBar({ month, counts, show }: MonthBarProps) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const year = yearOf(month);
  const most = Math.max(1, ...(counts ?? []));
  const shown: readonly (number | null)[] = counts ?? Array.from({ length: 12 }, () => null);
  const at = Number(month.slice(5)) - 1;
  return (
    <div className="month-bar">
      <div className="month-now">
        <button
          type="button"
          className="button step"
          onClick={() => show(addMonths(month, -1))}
          aria-label={words.before}
        >
          <Sign name="left" />
        </button>
        <h2>{monthText(month, language)}</h2>
        <button
          type="button"
          className="button step"
          onClick={() => show(addMonths(month, 1))}
          aria-label={words.after}
        >
          <Sign name="right" />
        </button>
      </div>
      <div className="months" role="group" aria-label={words.months(year)} onKeyDown={walkRow}>
        {shown.map((count, i) => (
          <button
            key={i}
            type="button"
            className={`month level-${level(count ?? 0, most)}`}
            tabIndex={i === at ? 0 : -1}
            aria-current={i === at ? 'date' : undefined}
            onClick={() => show(`${month.slice(0, 4)}-${String(i + 1).padStart(2, '0')}`)}
          >
            <span>{shortMonth(i, language)}</span>
            <span className="month-count" aria-hidden="true">
              {count === null ? '?' : count === 0 ? '·' : count}
            </span>
            {count !== null && <span className="visually-hidden"> {words.count(count)}</span>}
          </button>
        ))}
      </div>
    </div>
  );
}
