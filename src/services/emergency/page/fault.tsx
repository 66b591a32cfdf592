// SPDX-License-Identifier: Apache-2.0
// Why it did not go, in the words of this screen.
import { useWords } from '@i18n/language';
import { shellWords } from '@i18n/words';
import type { Fault } from '@shell/answer';
import { emergencyWords } from './words';

export function FaultText({ fault, tooMany = false }: { fault: Fault; tooMany?: boolean }) {
  const words = useWords(emergencyWords);
  const shell = useWords(shellWords);
  const many = tooMany && fault.status === 422 && fault.said.includes('people');
  const text = many
    ? words.tooMany
    : (words.faults[fault.status] ??
      (fault.status === 0 ? shell.faults.unreached : fault.status >= 500 ? shell.faults.broken : ''));
  return (
    <div className="failure" role="alert">
      {text !== '' && <p className="failure-text">{text}</p>}
      {!many && fault.said !== '' && <p className={text === '' ? 'failure-text' : 'failure-said'}>{fault.said}</p>}
    </div>
  );
}
