// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind, TimelineEvent } from './contract';
import {
  byDay,
  countOf,
  inOrder,
  isOn,
  keep,
  kindsIn,
  lastBusyMonth,
  level,
  perMonth,
  signsOf,
  touching,
  yearSpan,
} from './gather';

function event(day: string, kind: Kind, institution = '1', end?: string): TimelineEvent {
  return {
    id: `${kind}:${institution}:${day}`,
    kind,
    day,
    time: null,
    institution,
    title: kind,
    ...(end ? { end } : {}),
  };
}

test('without a choice everything is kept, with one only what was chosen', () => {
  const events = [event('2019-05-01', 'lab'), event('2019-05-01', 'note', '2')];
  assert.equal(keep(events, { kinds: [], institutions: [] }).length, 2);
  assert.deepEqual(keep(events, { kinds: ['lab'], institutions: [] }), [events[0]]);
  assert.deepEqual(keep(events, { kinds: [], institutions: ['2'] }), [events[1]]);
  assert.deepEqual(keep(events, { kinds: ['lab'], institutions: ['2'] }), []);
});

test('a day shows one institution after the other, in the order of the overview', () => {
  const events = [
    event('2019-05-02', 'lab', '1'),
    event('2019-05-01', 'lab', '2'),
    event('2019-05-01', 'lab', '9'),
    event('2019-05-01', 'note', '2'),
    event('2019-05-01', 'lab', '1'),
  ];
  const order = inOrder(events, ['9', '2', '1']).map((e) => e.id);
  assert.deepEqual(order, [
    'lab:9:2019-05-01',
    'note:2:2019-05-01',
    'lab:2:2019-05-01',
    'lab:1:2019-05-01',
    'lab:1:2019-05-02',
  ]);
});

test('an admission is on every day from the first to the last, and on no other', () => {
  const stay = event('2019-04-29', 'admission', '1', '2019-05-03');
  const days = byDay([stay], '2019-05');
  assert.deepEqual([...days.keys()], ['2019-05-01', '2019-05-02', '2019-05-03']);
  assert.ok(isOn(stay, '2019-04-29') && isOn(stay, '2019-05-03') && !isOn(stay, '2019-05-04'));
  assert.equal(touching([stay], '2019-05').length, 1);
  assert.equal(touching([stay], '2019-06').length, 0);
});

test('an end before the beginning does not make an event vanish', () => {
  assert.deepEqual([...byDay([event('2019-05-07', 'admission', '1', '2019-05-01')], '2019-05').keys()], ['2019-05-07']);
});

test('each event of a month lies in exactly its own day', () => {
  const events = Array.from({ length: 31 }, (_, i) => event(`2010-05-${String(i + 1).padStart(2, '0')}`, 'note'));
  const days = byDay(events, '2010-05');
  assert.equal(days.size, 31);
  for (const [day, there] of days)
    assert.deepEqual(
      there.map((e) => e.day),
      [day],
    );
});

test('events of one kind at one institution share a sign, of two institutions never', () => {
  const signs = signsOf([event('2019-05-01', 'note'), event('2019-05-01', 'note'), event('2019-05-01', 'note', '2')]);
  assert.deepEqual(
    signs.map((s) => s.events.length),
    [2, 1],
  );
});

test('a year opens at its last month with something to see', () => {
  const events = [event('2019-03-01', 'lab'), event('2019-08-01', 'lab'), event('2018-12-01', 'lab')];
  assert.deepEqual(perMonth(events, 2019), [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  assert.equal(lastBusyMonth(events, 2019, '2019-01'), '2019-08');
  assert.equal(lastBusyMonth(events, 2017, '2017-05'), '2017-05');
});

test('the overview has every year from the first to the last, also the empty ones', () => {
  const years = [
    { year: 2019, institution: '1', counts: { lab: 2, note: 1 } },
    { year: 2016, institution: '2', counts: { checkup: 1 } },
  ];
  assert.deepEqual(yearSpan(years), [2016, 2017, 2018, 2019]);
  assert.deepEqual(yearSpan([]), []);
  assert.deepEqual(kindsIn(years), ['note', 'lab', 'checkup']);
  assert.equal(countOf(years[0]!, []), 3);
  assert.equal(countOf(years[0]!, ['lab']), 2);
});

test('more is never shown paler, and only nothing is shown as nothing', () => {
  for (let n = 1; n <= 100; n++) {
    assert.ok(level(n, 100) >= level(n - 1, 100));
    assert.ok(level(n, 100) >= 1);
  }
  assert.equal(level(0, 100), 0);
  assert.equal(level(100, 100), 4);
});
