// SPDX-License-Identifier: Apache-2.0
// What a button of these pages does: one thing at a time, and what went wrong is said beside it.
import { useCallback, useState } from 'react';
import { useWords } from '@i18n/language';
import { shellWords } from '@i18n/words';
import { Fault, send } from '@shell/answer';
import { goTo } from '@shell/route';
import type { Session } from '@shell/session';
import { takeThen } from './then';
import { makePasskey, showPasskey, type NewOptions, type ShowOptions } from './webauthn';
import { signInWords, type SignInWords } from './words';

export interface Work {
  busy: boolean;
  wrong: string;
  run: (step: () => Promise<string | void>) => void;
}

/** Why one is not in, in words; what the node says of it is for who looks after it. */
export function said(fault: Fault, words: SignInWords, unreached: string): string {
  if (fault.status === 0) return unreached;
  if (fault.status === 401) return `${words.broken}${words.refused}`;
  return fault.said === '' ? words.broken : `${words.broken} (${fault.said})`;
}

/** A step that answers with a sentence did not succeed. */
export function useWork(): Work {
  const words = useWords(signInWords);
  const shell = useWords(shellWords);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  const run = useCallback(
    (step: () => Promise<string | void>) => {
      setBusy(true);
      setWrong('');
      step()
        .then(
          (said) => setWrong(said ?? ''),
          (error: unknown) => {
            if (!(error instanceof Fault)) return setWrong(words.broken);
            setWrong(said(error, words, shell.faults.unreached));
          },
        )
        .finally(() => setBusy(false));
    },
    [words, shell],
  );
  return { busy, wrong, run };
}

export function Wrong({ work }: { work: Work }) {
  return (
    <p className="sign-in-wrong" role="alert">
      {work.wrong}
    </p>
  );
}

/** Where one wanted to go, once nothing more is asked for. */
export function enter(session: Session, set: (session: Session) => void): void {
  set(session);
  if (session.secondFactorNeeded === true) {
    goTo({ path: '/sign-in', query: {} }, 'replace');
    return;
  }
  const then = takeThen();
  if (then !== '') window.location.assign(then);
  else goTo({ path: '/', query: {} }, 'replace');
}

/** Null: none was shown. */
export async function byPasskey(): Promise<Session | null> {
  const options = await send<ShowOptions>('POST', '/sign-in/passkey', {});
  const shown = await showPasskey(options);
  return shown === null ? null : send<Session>('POST', '/sign-in/passkey/done', shown);
}

export async function enrolPasskey(code: string): Promise<Session | null> {
  const options = await send<NewOptions>('POST', '/sign-in/passkey/new', code === '' ? {} : { code });
  const made = await makePasskey(options);
  return made === null ? null : send<Session>('POST', '/sign-in/passkey/new/done', made);
}
