// SPDX-License-Identifier: Apache-2.0
// What to see. Nothing chosen means all; choosing one shows that one, choosing more adds them.
import type { ReactNode } from 'react';
import { useWords } from '@i18n/language';
import type { Institution, Kind } from './contract';
import type { Wanted } from './gather';
import { KindIcon } from './icons';
import { InstitutionName } from './institution';
import { sharingWords } from './words';

interface ChoiceProps {
  label: string;
  options: readonly string[];
  chosen: readonly string[];
  choose: (chosen: string[]) => void;
  show: (option: string) => ReactNode;
}

function Choice({ label, options, chosen, choose, show }: ChoiceProps) {
  const words = useWords(sharingWords);
  const toggle = (one: string) =>
    choose(
      chosen.includes(one) ? chosen.filter((c) => c !== one) : options.filter((o) => o === one || chosen.includes(o)),
    );
  return (
    <div className="choice" role="group" aria-label={label}>
      <span className="choice-label" aria-hidden="true">
        {label}
      </span>
      <div className="choice-options">
        <button type="button" className="option" aria-pressed={chosen.length === 0} onClick={() => choose([])}>
          {words.all}
        </button>
        {options.map((one) => (
          <button
            key={one}
            type="button"
            className="option"
            aria-pressed={chosen.includes(one)}
            onClick={() => toggle(one)}
          >
            {show(one)}
          </button>
        ))}
      </div>
    </div>
  );
}

export interface FiltersProps {
  kinds: readonly Kind[];
  institutions: readonly Institution[];
  wanted: Wanted;
  choose: (wanted: Wanted) => void;
}

export function Filters({ kinds, institutions, wanted, choose }: FiltersProps) {
  const words = useWords(sharingWords);
  return (
    <section className="filters" aria-label={words.filters}>
      {institutions.length > 1 && (
        <Choice
          label={words.filterInstitutions}
          options={institutions.map((one) => one.id)}
          chosen={wanted.institutions}
          choose={(chosen) => choose({ ...wanted, institutions: chosen })}
          show={(id) => <InstitutionName id={id} />}
        />
      )}
      {kinds.length > 1 && (
        <Choice
          label={words.filterKinds}
          options={kinds}
          chosen={wanted.kinds}
          choose={(chosen) => choose({ ...wanted, kinds: chosen })}
          show={(kind) => (
            <>
              <KindIcon kind={kind as Kind} />
              {words.kinds[kind as Kind]}
            </>
          )}
        />
      )}
    </section>
  );
}
