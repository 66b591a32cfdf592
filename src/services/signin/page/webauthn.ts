// SPDX-License-Identifier: Apache-2.0
// Between the node's JSON (bytes in base64url) and the browser's own passkey calls.

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

export function textOf(bytes: ArrayBuffer | Uint8Array): string {
  const all = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let raw = '';
  for (const b of all) raw += String.fromCharCode(b);
  return btoa(raw).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

interface Named {
  type: 'public-key';
  id: string;
}

export interface ShowOptions {
  challenge: string;
  rpId: string;
  timeout: number;
  userVerification: 'required';
  allowCredentials: Named[];
}

export interface NewOptions {
  challenge: string;
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: { type: 'public-key'; alg: number }[];
  authenticatorSelection: { residentKey: 'preferred'; userVerification: 'required' };
  attestation: 'none';
  timeout: number;
  excludeCredentials: Named[];
}

const named = (list: Named[]) => list.map((one) => ({ type: one.type, id: bytesOf(one.id) }));

export function canUsePasskeys(): boolean {
  return window.isSecureContext && typeof window.PublicKeyCredential === 'function';
}

/** Null when the person chose not to. */
export async function showPasskey(options: ShowOptions): Promise<Record<string, string> | null> {
  const { challenge, allowCredentials, ...rest } = options;
  const got = await navigator.credentials
    .get({ publicKey: { ...rest, challenge: bytesOf(challenge), allowCredentials: named(allowCredentials) } })
    .catch(() => null);
  if (!(got instanceof PublicKeyCredential)) return null;
  const said = got.response as AuthenticatorAssertionResponse;
  return {
    id: textOf(got.rawId),
    clientDataJSON: textOf(said.clientDataJSON),
    authenticatorData: textOf(said.authenticatorData),
    signature: textOf(said.signature),
  };
}

export async function makePasskey(options: NewOptions): Promise<Record<string, string> | null> {
  const { challenge, user, excludeCredentials, ...rest } = options;
  const got = await navigator.credentials
    .create({
      publicKey: {
        ...rest,
        challenge: bytesOf(challenge),
        user: { ...user, id: bytesOf(user.id) },
        excludeCredentials: named(excludeCredentials),
      },
    })
    .catch(() => null);
  if (!(got instanceof PublicKeyCredential)) return null;
  const said = got.response as AuthenticatorAttestationResponse;
  return { clientDataJSON: textOf(said.clientDataJSON), attestationObject: textOf(said.attestationObject) };
}
