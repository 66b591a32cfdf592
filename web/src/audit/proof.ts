// SPDX-License-Identifier: Apache-2.0
// proof: checks an entry of the audit in the reader's own browser, believing nobody: that the entry
// is the committed one, that the commitment is in the signed tree, and that the log's key signed it.
// The rules are those of src/trust/audit/tree.h (RFC 6962 tree, signed-note checkpoint).

export interface Proof {
  index: number;
  salt?: string; // base64; absent with entry when it was purged
  entry?: string;
  commit: string;
  path: string[];
  checkpoint: string;
}

export type Verdict = 'proved' | 'purged' | 'entry' | 'tree' | 'signature' | 'form';

interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
  text: Uint8Array;
  signatures: { name: string; bytes: Uint8Array }[];
}

const utf8 = new TextEncoder();

// Bytes have one text only: base64 would leave the last bits open.
function bytesOf(base64: string): Uint8Array {
  const raw = atob(base64);
  if (btoa(raw) !== base64) throw new Error('base64');
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (out.set(p, at), at + p.length), 0);
  return out;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts) as BufferSource));
}

export async function commitOf(salt: Uint8Array, entry: string): Promise<Uint8Array> {
  return sha256(utf8.encode('kumihimo/audit/v1\0'), salt, utf8.encode(entry));
}

export async function leafOf(commit: Uint8Array): Promise<Uint8Array> {
  return sha256(Uint8Array.of(0), commit);
}

function nodeOf(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  return sha256(Uint8Array.of(1), left, right);
}

// RFC 9162 §2.1.3.2. Sizes stay below 2^53, so halves are taken by division, not by 32-bit shifts.
export async function includes(
  root: Uint8Array,
  size: number,
  index: number,
  leaf: Uint8Array,
  path: Uint8Array[],
): Promise<boolean> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  const half = (n: number) => Math.floor(n / 2);
  let [at, last, hash] = [index, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = await nodeOf(step, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = await nodeOf(hash, step);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(hash, root);
}

export function readCheckpoint(note: string): Checkpoint | null {
  const cut = note.indexOf('\n\n');
  const [origin, size, root] = note.slice(0, Math.max(cut, 0)).split('\n');
  if (cut < 0 || !origin || !root || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '')) return null;
  const signatures = [];
  for (const line of note.slice(cut + 2).split('\n')) {
    if (line === '') continue;
    const read = /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line);
    if (!read) return null;
    signatures.push({ name: read[1]!, bytes: bytesOf(read[2]!) });
  }
  const text = utf8.encode(note.slice(0, cut + 1));
  return { origin, size: Number(size), root: bytesOf(root), text, signatures };
}

// key: name+8 hex digits+base64(0x01 || Ed25519 key), as the log's operator gives it out.
async function isSigned(c: Checkpoint, key: string): Promise<boolean> {
  const read = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(key.trim());
  if (!read || read[1] !== c.origin) return false;
  const typed = bytesOf(read[3]!);
  const hash = (await sha256(utf8.encode(`${read[1]}\n`), typed)).slice(0, 4);
  const hex = Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('');
  if (typed.length !== 33 || typed[0] !== 1 || hex !== read[2]) return false;
  const verifier = await crypto.subtle.importKey('raw', typed.slice(1) as BufferSource, 'Ed25519', false, ['verify']);
  for (const s of c.signatures)
    if (s.name === c.origin && s.bytes.length === 68 && same(s.bytes.slice(0, 4), hash))
      return crypto.subtle.verify('Ed25519', verifier, s.bytes.slice(4) as BufferSource, c.text as BufferSource);
  return false;
}

// 'proved': the entry stands at this place in the signed tree. 'purged': something stood there whose
// text is erased by now. Everything else names what does not hold.
export async function check(proof: Proof, key: string): Promise<Verdict> {
  try {
    const c = readCheckpoint(proof.checkpoint);
    if (!c) return 'form';
    if (!(await isSigned(c, key))) return 'signature';
    const commit = bytesOf(proof.commit);
    const purged = proof.entry === undefined || proof.salt === undefined;
    if (!purged && !same(await commitOf(bytesOf(proof.salt!), proof.entry!), commit)) return 'entry';
    const inTree = await includes(c.root, c.size, proof.index, await leafOf(commit), proof.path.map(bytesOf));
    if (!inTree) return 'tree';
    return purged ? 'purged' : 'proved';
  } catch {
    return 'form'; // what is no base64 or no key
  }
}
