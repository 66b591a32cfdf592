// SPDX-License-Identifier: Apache-2.0
// The list itself: a table where there is room, cards on a small screen.
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer } from '@shell/answer';
import type { Looker } from './contract';
import { isGood, type Verdict } from './verdict';
import { clockText, lookersWords } from './words';

interface Role {
  name: string;
  ja: string;
  en: string;
}

/** Names of roles come from the node's own table. */
function useRoles(): Map<string, Role> {
  const answer = useAnswer<{ roles: Role[] }>('/api/permissions');
  return new Map(answer.value?.roles.map((role) => [role.name, role]));
}

function SealSign({ verdict }: { verdict: Verdict | undefined }) {
  const shape =
    verdict === undefined || verdict === 'pending'
      ? 'M12 4a8 8 0 1 0 .1 0M12 8v4l3 2'
      : isGood(verdict)
        ? 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM8.500 11.500l2.500 2.500 4.500-5'
        : 'M12 3l10 18H2zM12 10v5m0 2.500v.5';
  return (
    <svg className="seal-sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d={shape} />
    </svg>
  );
}

function Seal({ line, verdict, checkpoint }: { line: Looker; verdict: Verdict | undefined; checkpoint: string }) {
  const words = useWords(lookersWords);
  const mood = verdict === undefined ? 'wait' : !isGood(verdict) ? 'bad' : verdict === 'proved' ? 'good' : 'part';
  return (
    <>
      <span className={`seal seal-${mood}`}>
        <SealSign verdict={verdict} />
        {verdict === undefined ? '…' : words.verdicts[verdict]}
      </span>
      <details className="proof">
        <summary>
          {words.proof}
          <span className="visually-hidden"> {words.entryNumber(line.index)}</span>
        </summary>
        <p>{words.entryNumber(line.index)}</p>
        {line.withheld !== undefined && <p>{words.withheld[line.withheld]}</p>}
        {line.entry !== undefined && <pre tabIndex={0}>{line.entry}</pre>}
        {line.commit !== undefined && <pre tabIndex={0}>{line.commit}</pre>}
        <pre tabIndex={0}>{checkpoint}</pre>
      </details>
    </>
  );
}

function What({ line }: { line: Looker }) {
  const words = useWords(lookersWords);
  const shown = Object.entries(line.shown ?? {});
  const failed = line.outcome !== undefined && line.outcome !== 'ok';
  return (
    <>
      <span className="what-kind">{words.kinds[line.kind] ?? line.kind}</span>
      {failed && <span className="what-more">{words.failed}</span>}
      {line.withheld === 'others' && <span className="what-more">{words.withOthers}</span>}
      {shown.length > 0 && (
        <span className="what-more">
          {shown.map(([type, n]) => words.records(words.types[type] ?? type, n)).join(words.between)}
        </span>
      )}
    </>
  );
}

export interface ListProps {
  lines: readonly Looker[];
  verdicts: ReadonlyMap<number, Verdict>;
  organisations: Record<string, string>;
  checkpointOf: (line: Looker) => string;
}

export function List({ lines, verdicts, organisations, checkpointOf }: ListProps) {
  const words = useWords(lookersWords);
  const { language } = useLanguage();
  const roles = useRoles();
  const organisation = (id: string | undefined) => (id === undefined ? '' : organisations[id] || id);
  return (
    <table className="lookers-table">
      <thead>
        <tr>
          <th scope="col">{words.columns.at}</th>
          <th scope="col">{words.columns.organisation}</th>
          <th scope="col">{words.columns.who}</th>
          <th scope="col">{words.columns.purpose}</th>
          <th scope="col">{words.columns.what}</th>
          <th scope="col">{words.columns.seal}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.index} data-entry={line.index} className={line.emergency ? 'looker-emergency' : undefined}>
            <th scope="row">
              <time dateTime={line.at}>{clockText(line.at, language)}</time>
            </th>
            <td data-label={words.columns.organisation}>{organisation(line.organisation) || words.noOrganisation}</td>
            <td data-label={words.columns.who}>
              <span className="who-role">{roles.get(line.role ?? '')?.[language] ?? line.role ?? ''}</span>
              {line.name !== undefined && line.name !== '' && <span className="who-name">{line.name}</span>}
            </td>
            <td data-label={words.columns.purpose}>
              {words.purposes[line.purpose ?? ''] ?? line.purpose ?? ''}
              {line.emergency && <strong className="mark-emergency">{words.emergency}</strong>}
              {line.unexplained && <span className="mark-unexplained">{words.unexplained}</span>}
            </td>
            <td data-label={words.columns.what}>
              <What line={line} />
            </td>
            <td data-label={words.columns.seal} className="seal-cell">
              <Seal line={line} verdict={verdicts.get(line.index)} checkpoint={checkpointOf(line)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
