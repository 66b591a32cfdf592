// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays, addMonths, ageOn, isDay, isMonth, lastDay, monthOf, sameDate, weekday, weeksOf } from './days';

test('the age in the seed: born 1941-04-21 and seen on 2010-05-07 is 69 years, 0 months, 16 days', () => {
  assert.deepEqual(ageOn('1941-04-21', '2010-05-07'), { years: 69, months: 0, days: 16 });
});

test('on the birthday all but the years are zero, on the day before it they are not', () => {
  for (let year = 1942; year < 2040; year++) {
    assert.deepEqual(ageOn('1941-04-21', `${year}-04-21`), { years: year - 1941, months: 0, days: 0 });
    assert.deepEqual(ageOn('1941-04-21', `${year}-04-20`), { years: year - 1942, months: 11, days: 30 });
  }
});

test('who is born on the 29th to 31st has a month more on the last day of a shorter month', () => {
  assert.deepEqual(ageOn('2020-01-31', '2020-02-29'), { years: 0, months: 1, days: 0 });
  assert.deepEqual(ageOn('2020-01-31', '2020-03-01'), { years: 0, months: 1, days: 1 });
  assert.deepEqual(ageOn('2020-02-29', '2021-02-28'), { years: 1, months: 0, days: 0 });
});

test('nobody has an age before birth', () => {
  assert.equal(ageOn('2020-01-31', '2020-01-30'), null);
});

test('an age never shrinks from one day to the next', () => {
  const days = (born: string, on: string) => {
    const age = ageOn(born, on);
    assert.ok(age !== null && age.months < 12 && age.days < 31);
    return age.years * 10_000 + age.months * 100 + age.days;
  };
  for (const born of ['1941-04-21', '2000-02-29', '1999-12-31']) {
    let before = -1;
    for (let i = 0; i < 3000; i++) {
      const now = days(born, addDays(born, i));
      assert.ok(now > before, `${born} + ${i}`);
      before = now;
    }
  }
});

test('a month is shown in whole weeks from Sunday with each of its days once', () => {
  for (let month = '1999-11'; month < '2032-01'; month = addMonths(month, 1)) {
    const weeks = weeksOf(month);
    const days = weeks.flat();
    assert.ok(weeks.length >= 4 && weeks.length <= 6);
    assert.ok(weeks.every((week) => week.length === 7 && weekday(week[0]!) === 0));
    assert.equal(days.filter((day) => monthOf(day) === month).length, Number(lastDay(month).slice(8)));
    assert.equal(new Set(days).size, days.length);
  }
});

test('7 May 2010 was a Friday', () => assert.equal(weekday('2010-05-07'), 5));

test('months are added across years, and back again', () => {
  assert.equal(addMonths('2019-11', 2), '2020-01');
  for (let n = -300; n <= 300; n++) assert.equal(addMonths(addMonths('2019-05', n), -n), '2019-05');
});

test('a date that a month lacks becomes its last', () => {
  assert.equal(sameDate('2020-01-31', '2020-02'), '2020-02-29');
  assert.equal(sameDate('2020-01-30', '2020-04'), '2020-04-30');
});

test('only days and months that exist are read from an address', () => {
  for (const day of ['2019-02-29', '2019-13-01', '2019-00-10', '19-01-01', '', 'x', '2019-1-1']) assert.ok(!isDay(day));
  assert.ok(isDay('2020-02-29') && isMonth('2019-05') && !isMonth('2019-13') && !isMonth(undefined));
});
