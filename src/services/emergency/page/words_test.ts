// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { characters, emergencyWords, timeText } from './words';

test('characters are counted as the node counts them', () => {
  assert.equal(characters('一二三'), 3);
  assert.equal(characters('　一二三 \n'), 3);
  assert.equal(characters('𠮷野家'), 3);
  assert.equal(characters(''), 0);
});

test('a time is told in Japan', () => {
  assert.match(timeText('2026-11-27T15:30:00.000Z', 'ja'), /11.28.*00:30/);
  assert.equal(timeText(null, 'ja'), '');
});

test('both languages name the same sections, kinds and verdicts', () => {
  for (const part of ['sections', 'kinds', 'verdicts', 'none'] as const) {
    assert.deepEqual(Object.keys(emergencyWords.ja[part]), Object.keys(emergencyWords.en[part]));
  }
});
