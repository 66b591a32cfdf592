// SPDX-License-Identifier: Apache-2.0
// Who one is here, and one's passkeys.
import { useEffect, useState } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { send, useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import { useSession } from '@shell/session';
import { SecondFactor } from './signin';
import { canUsePasskeys } from './webauthn';
import { signInWords } from './words';
import { enrolPasskey, useWork, Wrong } from './work';

function Passkeys() {
  const words = useWords(signInWords);
  const { set } = useSession();
  const [turn, setTurn] = useState(0);
  const own = useAnswer<{ passkeys: { id: string }[] }>(`/sign-in/passkeys?turn=${turn}`);
  const work = useWork();
  if (own.fault) return <Failure fault={own.fault} again={own.again} />;
  if (!own.value) return <Loading />;
  const drop = (id: string) =>
    work.run(async () => {
      await send('DELETE', `/sign-in/passkeys/${id}`);
      setTurn((n) => n + 1);
    });
  const add = () =>
    work.run(async () => {
      const session = await enrolPasskey('');
      if (session === null) return words.notShown;
      set(session);
      setTurn((n) => n + 1);
      return undefined;
    });
  return (
    <section className="way">
      <h2>{words.passkeys}</h2>
      {own.value.passkeys.length === 0 && <p>{words.noPasskeys}</p>}
      <ul className="way-buttons">
        {own.value.passkeys.map((one, i) => (
          <li key={one.id} className="passkey">
            <span>{words.passkeyNumber(i + 1)}</span>
            <button type="button" className="button" disabled={work.busy} onClick={() => drop(one.id)}>
              {words.remove(i + 1)}
            </button>
          </li>
        ))}
      </ul>
      {canUsePasskeys() && (
        <button type="button" className="button" disabled={work.busy} onClick={add}>
          {words.add}
        </button>
      )}
      <Wrong work={work} />
    </section>
  );
}

export function Account() {
  const words = useWords(signInWords);
  const { language } = useLanguage();
  const { session, set } = useSession();
  useEffect(() => {
    document.title = `${words.account} – Kumihimo`;
  }, [words]);
  if (session === undefined) return <Loading />;
  return (
    <div className="sign-in">
      <h1>{words.account}</h1>
      {!session.signedIn && (
        <p>
          {words.notSignedIn} <a href="#/sign-in">{words.title}</a>
        </p>
      )}
      {session.signedIn && (
        <>
          <p className="sign-in-lead">{words.signedInAs(session.name ?? '')}</p>
          <dl className="facts">
            <dt>{words.role}</dt>
            <dd>{session.role?.[language]}</dd>
            <dt>{words.secondFactor}</dt>
            <dd>{session.secondFactor ? words.shown : words.notYetShown}</dd>
          </dl>
          {session.demoAccount && <p className="hint">{words.demoHasNone}</p>}
          {!session.demoAccount && session.secondFactorNeeded && <SecondFactor entered={set} />}
          {!session.demoAccount && session.secondFactor && <Passkeys />}
        </>
      )}
    </div>
  );
}
