// SPDX-License-Identifier: Apache-2.0
// The ways in: at a provider, by passkey, by card; in a demonstration by choosing a role.
import { useEffect, useId, useState } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { send, useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import type { PageProps } from '@shell/pages';
import { useSession, type Session } from '@shell/session';
import { Card } from './card';
import { keepThen } from './then';
import { canUsePasskeys } from './webauthn';
import { signInWords } from './words';
import { byPasskey, enrolPasskey, enter, useWork, Wrong } from './work';

interface Named {
  name: string;
  ja: string;
  en: string;
}

interface Ways {
  providers: Named[];
  cards: string[];
  demo: Named[];
}

type Entered = (session: Session) => void;

function Providers({ list }: { list: Named[] }) {
  const words = useWords(signInWords);
  const { language } = useLanguage();
  const work = useWork();
  const id = useId();
  const go = (provider: string) =>
    work.run(async () => {
      const { location } = await send<{ location: string }>('POST', '/sign-in/provider', { provider });
      window.location.assign(location);
    });
  return (
    <section className="way" aria-labelledby={id}>
      <h2 id={id}>{words.atProvider}</h2>
      <ul className="way-buttons">
        {list.map((one) => (
          <li key={one.name}>
            <button type="button" className="button button-main" disabled={work.busy} onClick={() => go(one.name)}>
              {words.byProvider(one[language])}
            </button>
          </li>
        ))}
      </ul>
      <Wrong work={work} />
    </section>
  );
}

function Passkey({ entered }: { entered: Entered }) {
  const words = useWords(signInWords);
  const work = useWork();
  const id = useId();
  const show = () =>
    work.run(async () => {
      const session = await byPasskey();
      if (session === null) return words.notShown;
      entered(session);
      return undefined;
    });
  return (
    <section className="way" aria-labelledby={id}>
      <h2 id={id}>{words.passkeyTitle}</h2>
      <p>{canUsePasskeys() ? words.passkeyText : words.passkeyNotHere}</p>
      {canUsePasskeys() && (
        <button type="button" className="button button-main" disabled={work.busy} onClick={show}>
          {words.passkeyButton}
        </button>
      )}
      <Wrong work={work} />
    </section>
  );
}

function Demo({ roles, entered }: { roles: Named[]; entered: Entered }) {
  const words = useWords(signInWords);
  const { language } = useLanguage();
  const work = useWork();
  const id = useId();
  const as = (demo: string) => work.run(async () => entered(await send<Session>('POST', '/session', { demo })));
  return (
    <section className="way way-demo" aria-labelledby={id}>
      <h2 id={id}>{words.demoTitle}</h2>
      <p>{words.demoText}</p>
      <ul className="way-roles">
        {roles.map((role) => (
          <li key={role.name}>
            <button type="button" className="button" disabled={work.busy} onClick={() => as(role.name)}>
              {words.demoAs(role[language])}
            </button>
          </li>
        ))}
      </ul>
      <Wrong work={work} />
    </section>
  );
}

/** Somebody is in, and their role asks for more. */
export function SecondFactor({ entered }: { entered: Entered }) {
  const words = useWords(signInWords);
  const work = useWork();
  const id = useId();
  const [code, setCode] = useState('');
  const own = useAnswer<{ passkeys: unknown[] }>('/sign-in/passkeys');
  if (own.fault) return <Failure fault={own.fault} again={own.again} />;
  if (!own.value) return <Loading />;
  const has = own.value.passkeys.length > 0;
  const step = (make: () => Promise<Session | null>) =>
    work.run(async () => {
      const session = await make();
      if (session === null) return words.notShown;
      entered(session);
      return undefined;
    });
  return (
    <section className="way" aria-labelledby={id}>
      <h2 id={id}>{words.second}</h2>
      <p>{words.secondText}</p>
      {!canUsePasskeys() && <p>{words.passkeyNotHere}</p>}
      {canUsePasskeys() && has && (
        <button type="button" className="button button-main" disabled={work.busy} onClick={() => step(byPasskey)}>
          {words.passkeyButton}
        </button>
      )}
      {canUsePasskeys() && !has && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            step(() => enrolPasskey(code.trim()));
          }}
        >
          <p>{words.secondNone}</p>
          <label>
            {words.codeLabel}
            <input
              type="text"
              value={code}
              required
              autoComplete="one-time-code"
              spellCheck={false}
              onChange={(e) => setCode(e.target.value)}
            />
          </label>
          <p className="hint">{words.codeHint}</p>
          <button type="submit" className="button button-main" disabled={work.busy || code.trim() === ''}>
            {words.enrol}
          </button>
        </form>
      )}
      <Wrong work={work} />
    </section>
  );
}

export function SignIn({ query }: PageProps) {
  const words = useWords(signInWords);
  const { session, set } = useSession();
  const ways = useAnswer<Ways>('/sign-in/ways');
  const then = query['then'];
  useEffect(() => {
    document.title = `${words.title} – Kumihimo`;
  }, [words]);
  useEffect(() => {
    if (then !== undefined) keepThen(then);
  }, [then]);
  const entered: Entered = (now) => enter(now, set);
  if (ways.fault) return <Failure fault={ways.fault} again={ways.again} />;
  if (!ways.value || session === undefined) return <Loading />;
  const { providers, cards, demo } = ways.value;
  const more = session.signedIn && session.secondFactorNeeded === true;
  return (
    <div className="sign-in">
      <h1>{words.title}</h1>
      <p className="sign-in-lead">{session.signedIn ? words.signedInAs(session.name ?? '') : words.lead}</p>
      {more && <SecondFactor entered={entered} />}
      {!more && demo.length > 0 && <Demo roles={demo} entered={entered} />}
      {!more && providers.length > 0 && <Providers list={providers} />}
      {!more && <Passkey entered={entered} />}
      {!more && cards.map((kind) => <Card key={kind} kind={kind} entered={entered} />)}
      {providers.length + cards.length + demo.length === 0 && <p className="hint">{words.none}</p>}
    </div>
  );
}
