// SPDX-License-Identifier: Apache-2.0
// By a card: the node's text out, the card's signature and certificate in. A browser cannot speak to
// a card by itself; the middleware of the card, or openssl with a TEST card, signs the file.
import { useId, useState } from 'react';
import { useWords } from '@i18n/language';
import { send } from '@shell/answer';
import type { Session } from '@shell/session';
import { textOf } from './webauthn';
import { signInWords } from './words';
import { useWork, Wrong } from './work';

const algorithms = ['RSA-PKCS1', 'RSA-PSS', 'ECDSA', 'ECDSA-RAW'];

/** The certificates of a PEM text, or the one that the bytes are, as base64 DER. */
export function certificatesOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  const pem = [...text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)];
  if (pem.length > 0) return pem.map((one) => one[1]!.replaceAll(/\s/g, ''));
  let raw = '';
  for (const b of bytes) raw += String.fromCharCode(b);
  return [btoa(raw)];
}

async function bytesIn(form: FormData, name: string): Promise<Uint8Array | null> {
  const file = form.get(name);
  if (!(file instanceof File) || file.size === 0 || file.size > 65536) return null;
  return new Uint8Array(await file.arrayBuffer());
}

function save(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
  link.download = 'kumihimo-sign-in.txt';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function Card({ kind, entered }: { kind: string; entered: (session: Session) => void }) {
  const words = useWords(signInWords);
  const work = useWork();
  const id = useId();
  const [text, setText] = useState('');
  const about = words.cards[kind];
  const begin = () =>
    work.run(async () => setText((await send<{ text: string }>('POST', '/sign-in/card', { kind })).text));
  const finish = (form: FormData) =>
    work.run(async () => {
      const certificate = await bytesIn(form, 'certificate');
      const signature = await bytesIn(form, 'signature');
      if (certificate === null || signature === null) return words.cardUnreadable;
      const body = {
        certificates: certificatesOf(certificate),
        algorithm: String(form.get('algorithm')),
        signature: textOf(signature),
      };
      entered(await send<Session>('POST', '/sign-in/card/done', body));
      return undefined;
    });
  return (
    <section className="way" aria-labelledby={id}>
      <h2 id={id}>{about?.title ?? kind}</h2>
      <p>{about?.text}</p>
      {text === '' && (
        <button type="button" className="button" disabled={work.busy} onClick={begin}>
          {words.cardBegin}
        </button>
      )}
      {text !== '' && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            finish(new FormData(e.currentTarget));
          }}
        >
          <p>{words.cardText}</p>
          <pre className="card-text">{text}</pre>
          <button type="button" className="button" onClick={() => save(text)}>
            {words.cardCopy}
          </button>
          <label>
            {words.cardCertificate}
            <input type="file" name="certificate" required />
          </label>
          <label>
            {words.cardSignature}
            <input type="file" name="signature" required />
          </label>
          <label>
            {words.cardAlgorithm}
            <select name="algorithm">
              {algorithms.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <button type="submit" className="button button-main" disabled={work.busy}>
            {words.cardFinish}
          </button>
        </form>
      )}
      <Wrong work={work} />
    </section>
  );
}
