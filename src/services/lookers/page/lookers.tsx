// SPDX-License-Identifier: Apache-2.0
// Who looked at the record. Each line is checked here, in the reader's browser, against the
// signed checkpoint; the node is not believed.
import { useEffect, useMemo, useState } from 'react';
import { useWords } from '@i18n/language';
import { ask, Fault, useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import type { PageProps } from '@shell/pages';
import { address, type Looker, type Lookers } from './contract';
import { List } from './list';
import { isGood, judge, type Verdict } from './verdict';
import { lookersWords } from './words';

/** The pages after the first, asked for one by one; each has its own checkpoint. */
function usePages(person: string) {
  const answer = useAnswer<Lookers>(address.lookers(person, ''));
  const [later, setLater] = useState<Lookers[]>([]);
  const [fault, setFault] = useState<Fault | null>(null);
  const pages = useMemo(() => (answer.value ? [answer.value, ...later] : []), [answer.value, later]);
  const next = pages.at(-1)?.next ?? '';
  const more = () => {
    setFault(null);
    ask<Lookers>(address.lookers(person, next)).then(
      (page) => setLater((had) => [...had, page]),
      (error: unknown) => setFault(error instanceof Fault ? error : new Fault(0, '')),
    );
  };
  return { answer, pages, next, more, fault };
}

function useVerdicts(pages: readonly Lookers[]): ReadonlyMap<number, Verdict> {
  const [found, setFound] = useState<ReadonlyMap<number, Verdict>>(new Map());
  useEffect(() => {
    let gone = false;
    void Promise.all(
      pages.flatMap((page) =>
        page.lookers.map(async (line): Promise<[number, Verdict]> => [line.index, await judge(line, page)]),
      ),
    ).then((all) => {
      if (!gone) setFound(new Map(all));
    });
    return () => {
      gone = true;
    };
  }, [pages]);
  return found;
}

function Summary({ lines, verdicts }: { lines: readonly Looker[]; verdicts: ReadonlyMap<number, Verdict> }) {
  const words = useWords(lookersWords);
  const all = lines.map((line) => verdicts.get(line.index));
  const count = (verdict: Verdict) => all.filter((one) => one === verdict).length;
  const bad = all.filter((one) => one !== undefined && !isGood(one)).length;
  const mood = all.includes(undefined) ? 'wait' : bad > 0 ? 'bad' : 'good';
  const text = {
    wait: words.checking,
    bad: words.summaryBad(bad),
    good: words.summaryGood(count('proved'), count('sealed'), count('pending')),
  };
  return (
    <div className={`seal-summary seal-summary-${mood}`} role="status">
      <strong>{text[mood]}</strong>
      <span>{words.summaryHow}</span>
    </div>
  );
}

function Keep({ page }: { page: Lookers }) {
  const words = useWords(lookersWords);
  return (
    <section className="keep">
      <p>
        {words.key}: <code className="key">{page.key}</code>
        <span className="hint">{words.keyHint}</span>
      </p>
      <p className="keep-file">
        <a className="button" href={address.proofs(page.person)} download="proofs.ndjson">
          {words.file}
        </a>
        <span className="hint">
          {words.fileHint} <code>kumihimo audit prove --check proofs.ndjson --key {page.key}</code>
        </span>
      </p>
    </section>
  );
}

const isOwn = (line: Looker) => line.role === 'citizen' || line.role === 'proxy';

function Shown({ pages, next, more }: { pages: readonly Lookers[]; next: string; more: () => void }) {
  const words = useWords(lookersWords);
  const verdicts = useVerdicts(pages);
  const [own, setOwn] = useState(false);
  const lines = useMemo(() => pages.flatMap((page) => page.lookers), [pages]);
  const pageOf = useMemo(
    () => new Map(pages.flatMap((page) => page.lookers.map((line): [number, Lookers] => [line.index, page]))),
    [pages],
  );
  const shown = own ? lines : lines.filter((line) => !isOwn(line));
  const organisations = Object.assign({}, ...pages.map((page) => page.organisations)) as Record<string, string>;
  return (
    <>
      <Summary lines={lines} verdicts={verdicts} />
      <p className="lookers-tools">
        <label>
          <input type="checkbox" checked={own} onChange={(e) => setOwn(e.target.checked)} /> {words.own}
        </label>
        <button type="button" className="button" onClick={() => window.print()}>
          {words.print}
        </button>
      </p>
      {shown.length === 0 ? (
        <p className="lookers-none">{lines.length === 0 ? words.none : words.noneButOwn}</p>
      ) : (
        <List
          lines={shown}
          verdicts={verdicts}
          organisations={organisations}
          checkpointOf={(line) => pageOf.get(line.index)?.checkpoint ?? ''}
        />
      )}
      {next !== '' && (
        <button type="button" className="button lookers-more" onClick={more}>
          {words.more}
        </button>
      )}
    </>
  );
}

/** The node cannot know whose record an operator means. */
function PickPerson() {
  const words = useWords(lookersWords);
  return (
    <p className="lookers-none">
      {words.pickPerson} <a href="#/">{words.toPeople}</a>
    </p>
  );
}

export function LookersPage({ parts }: PageProps) {
  const words = useWords(lookersWords);
  const person = parts['person'] ?? '';
  const { answer, pages, next, more, fault } = usePages(person);
  useEffect(() => {
    document.title = `${words.title} – Kumihimo`;
  }, [words]);
  const unclear = answer.fault?.status === 422 && person === '';
  return (
    <div className="lookers">
      <h1>{words.title}</h1>
      <p className="lookers-intro">{words.intro}</p>
      {answer.waiting && <Loading />}
      {unclear && <PickPerson />}
      {answer.fault && !unclear && <Failure fault={answer.fault} again={answer.again} />}
      {pages.length > 0 && <Shown pages={pages} next={next} more={more} />}
      {fault && <Failure fault={fault} again={more} />}
      {answer.value && <Keep page={answer.value} />}
    </div>
  );
}
