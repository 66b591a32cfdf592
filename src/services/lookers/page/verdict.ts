// SPDX-License-Identifier: Apache-2.0
// What the reader's own browser finds out about an entry: is it in the signed tree, and does the
// line on the screen say what the proved text says?
import { check, type Verdict as Found } from '@audit/proof';
import type { Looker, Lookers } from './contract';

/** proved: the text stands in the tree. sealed: something stands there whose text is not given.
 *  pending: not signed for yet. untrue: the line is not what its text says. Else what is wrong. */
export type Verdict = 'proved' | 'sealed' | 'pending' | 'untrue' | Exclude<Found, 'proved' | 'purged'>;

export const isGood = (verdict: Verdict) => verdict === 'proved' || verdict === 'sealed' || verdict === 'pending';

interface Entry {
  at: number;
  kind: string;
  outcome?: string;
  purpose?: string;
  agent?: { id?: string; role?: string; name?: string; organisation?: string; client?: string };
  flags?: string[];
  shown?: string[][];
}

function countOf(shown: string[][]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [type, ...ids] of shown) counts[type ?? ''] = (counts[type ?? ''] ?? 0) + ids.length;
  return counts;
}

function same(a: Record<string, number>, b: Record<string, number>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Every word of the line is taken from the text, or the line is not believed. */
export function agrees(line: Looker, text: string): boolean {
  let entry: Entry;
  try {
    entry = JSON.parse(text) as Entry;
  } catch {
    return false;
  }
  const agent = entry.agent ?? {};
  const flags = entry.flags ?? [];
  return (
    new Date(entry.at).toISOString() === line.at &&
    entry.kind === line.kind &&
    (entry.outcome ?? '') === (line.outcome ?? '') &&
    (entry.purpose ?? '') === (line.purpose ?? '') &&
    (agent.role ?? '') === (line.role ?? '') &&
    (agent.organisation ?? '') === (line.organisation ?? '') &&
    (agent.client ?? '') === (line.client ?? '') &&
    (line.name === undefined || (agent.name ?? '') === line.name) &&
    (line.agent === undefined || (agent.id ?? '') === line.agent) &&
    flags.includes('emergency') === (line.emergency ?? false) &&
    flags.includes('unexplained') === (line.unexplained ?? false) &&
    same(countOf(entry.shown ?? []), line.shown ?? {})
  );
}

export async function judge(line: Looker, page: Pick<Lookers, 'key' | 'checkpoint'>): Promise<Verdict> {
  const { index, salt, entry, commit, path } = line;
  if (path === undefined || commit === undefined) return 'pending';
  const text = salt === undefined || entry === undefined ? {} : { salt, entry };
  const found = await check({ index, commit, path, checkpoint: page.checkpoint, ...text }, page.key);
  if (found === 'purged') return line.withheld === undefined ? 'entry' : 'sealed';
  if (found !== 'proved') return found;
  return agrees(line, entry ?? '') ? 'proved' : 'untrue';
}
