// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from './contract';
import { ageOn } from './days';
import { ageText, birthText, dayWithWeekday, eraText, monthText, sharingWords, shortMonth } from './words';

test('the header of the seed: 1941年04月21日生, 69歳0ヶ月16日', () => {
  assert.equal(birthText('1941-04-21', 'ja'), '1941年04月21日生');
  assert.equal(ageText(ageOn('1941-04-21', '2010-05-07')!, 'ja'), '69歳0ヶ月16日');
});

test('the three kinds of the seed have its words', () => {
  const { note, lab, prescription } = sharingWords.ja.kinds;
  assert.deepEqual([note, lab, prescription], ['医師の記載', '検査データ', '処方データ']);
});

test('every kind has a different name in each language', () => {
  for (const words of Object.values(sharingWords)) {
    assert.equal(new Set(kinds.map((kind) => words.kinds[kind])).size, kinds.length);
    assert.ok(kinds.every((kind) => words.kinds[kind] !== ''));
  }
});

test('a birth year is told in its era, also in the year an era began', () => {
  assert.equal(eraText('1941-04-21'), '昭和16年');
  assert.equal(eraText('2019-05-01'), '令和元年');
  assert.equal(eraText('1989-01-07'), '昭和64年');
});

test('a birth date of which only the year or month is known says no more', () => {
  assert.equal(birthText('1941', 'ja'), '1941年生');
  assert.equal(birthText('1941-04', 'ja'), '1941年04月生');
  assert.equal(birthText('1941-04', 'en'), 'born 1941-04');
  assert.equal(eraText('1941'), '');
});

test('days and months are written the same on every machine', () => {
  assert.equal(dayWithWeekday('2010-05-07', 'ja'), '2010年5月7日（金）');
  assert.equal(dayWithWeekday('2010-05-07', 'en'), 'Fri 7 May 2010');
  assert.equal(monthText('2010-05', 'ja'), '2010年5月');
  assert.equal(shortMonth(11, 'ja'), '12月');
});

test('one is not written as many in English', () => {
  assert.equal(ageText({ years: 1, months: 1, days: 1 }, 'en'), '1 year 1 month 1 day');
  assert.equal(ageText({ years: 0, months: 2, days: 0 }, 'en'), '0 years 2 months 0 days');
});
