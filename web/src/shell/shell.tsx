// SPDX-License-Identifier: Apache-2.0
// The frame around every page: product and language above, the open-doors banner, then the page
// that the address names.
import { useEffect, useRef } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { shellWords } from '@i18n/words';
import { DemoBanner, Guard, OpenBanner } from './notices';
import { pages } from './pages';
import { matchPath, usePlace, type Place } from './route';
import { useSession } from './session';

/** Who is in, as whom, and the way out; or the way in. */
function Who() {
  const words = useWords(shellWords);
  const { language } = useLanguage();
  const { session, signOut } = useSession();
  if (session === undefined || (session.open && !session.signedIn)) return null;
  if (!session.signedIn)
    return (
      <a className="top-link" href="#/sign-in">
        {words.signIn}
      </a>
    );
  const own = session.role?.name === 'citizen' || session.role?.name === 'proxy';
  return (
    <>
      {own && (
        <a className="top-link" href="#/lookers">
          {words.lookers}
        </a>
      )}
      <a className="top-link" href="#/notices">
        {words.notices}
      </a>
      <a className="top-link top-who" href="#/account">
        <span className="top-role">{session.role?.[language]}</span>
        <span className="top-name">{session.name}</span>
      </a>
      <button type="button" className="top-link" onClick={() => void signOut()}>
        {words.signOut}
      </button>
    </>
  );
}

function Top() {
  const words = useWords(shellWords);
  const { language, choose } = useLanguage();
  const other = language === 'ja' ? 'en' : 'ja';
  return (
    <header className="top">
      <a className="top-product" href="#/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M9 4c0 9 14 7 14 12S9 19 9 28" />
          <path d="M23 4c0 4-2.800 6-6 7.500M14 20.500C11 22 23 22.500 23 28" className="top-thread" />
        </svg>
        {words.product} <span className="top-records">{words.records}</span>
      </a>
      <nav>
        <a className="top-link" href="#/">
          {words.start}
        </a>
        <a className="top-link" href="#/emergency">
          {words.emergency}
        </a>
        <Who />
        <button type="button" className="top-link" lang={other} onClick={() => choose(other)}>
          {words.otherLanguage}
        </button>
      </nav>
    </header>
  );
}

function NoPage() {
  const words = useWords(shellWords);
  return (
    <div className="failure">
      <h1>{words.noPage}</h1>
      <a href="#/">{words.back}</a>
    </div>
  );
}

function Current({ place }: { place: Place }) {
  for (const page of pages) {
    const parts = matchPath(page.path, place.path);
    if (parts !== null) {
      const Show = page.show;
      return <Show key={place.path} parts={parts} query={place.query} />;
    }
  }
  return <NoPage />;
}

export function Shell() {
  const words = useWords(shellWords);
  const place = usePlace();
  const { session } = useSession();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(place.path);
  useEffect(() => {
    if (shown.current === place.path) return;
    shown.current = place.path;
    // A new page is read from its beginning, by eyes and by screen readers.
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [place.path]);
  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {words.skip}
      </button>
      {session?.open === true && <OpenBanner />}
      {session?.demo === true && <DemoBanner />}
      <Top />
      <main ref={main} tabIndex={-1}>
        <Guard key={place.path}>
          <Current place={place} />
        </Guard>
      </main>
    </>
  );
}
