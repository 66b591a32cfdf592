// SPDX-License-Identifier: Apache-2.0
// The pages on a simulated server (mock.mjs): what they show, how they are worked without a
// mouse, on a small screen and on paper, and what they say when the node has trouble.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, artefact, launch, openPage } from './browser.mjs';
import { serve } from './mock.mjs';

let browser;
let node;

before(async () => {
  [browser, node] = await Promise.all([launch(), serve()]);
});

after(async () => {
  await browser?.close();
  node?.close();
});

const seed = '#/person/1?on=2010-05-07';
const dayOfMany = `${seed}&month=2010-05&day=2010-05-06`;
const labOfMany = `${dayOfMany}&event=lab:7:2010-05-06`;

/** A test with a page of its own that must have been clean behind the scenes. */
function onPage(name, path, how, run) {
  test(name, { timeout: 60_000 }, async () => {
    const { page, clean } = await openPage(browser, node.url, path, how);
    await run(page);
    await clean();
  });
}

const cell = (page, day) => page.locator(`[data-day="${day}"]`);
const focusedDay = (page) => page.evaluate(() => document.activeElement?.getAttribute('data-day'));
const focusedText = (page) => page.evaluate(() => document.activeElement?.textContent ?? '');

onPage('the header shows birth date, exact age and the gravest allergy first', seed, {}, async (page) => {
  const header = page.locator('.person-header');
  await header.getByText('1941年04月21日生').waitFor();
  assert.equal(await header.locator('.age').textContent(), '69歳0ヶ月16日');
  const allergies = await header.locator('.allergies li').allTextContents();
  assert.match(allergies[0], /ペニシリン重篤.*富士見内科クリニック/);
  assert.match(await header.locator('.viewing').textContent(), /すべて（3機関）/);
});

onPage(
  'each day of the month has a cell, and events of several institutions lie in their own days',
  seed,
  {},
  async (page) => {
    await cell(page, '2010-05-06').waitFor();
    assert.equal(await page.locator('[data-day]').count(), 31);
    const signs = (day) =>
      cell(page, day)
        .locator('.day-sign')
        .evaluateAll((all) =>
          all.map(
            (one) => `${one.querySelector('.mark').textContent} ${one.querySelector('.day-sign-text').textContent}`,
          ),
        );
    assert.deepEqual(await signs('2010-05-06'), ['B 医師の記載', 'B 検査データ', 'B 処方データ', 'B 画像', 'B 文書']);
    assert.deepEqual(await signs('2010-05-04'), ['A 検査データ']);
    assert.deepEqual(await signs('2010-05-20'), ['C 医師の記載']);
    assert.deepEqual(await signs('2010-05-07'), []);
    assert.equal(await page.locator('.day-sign.kind-admission').count(), 8);
    await page.getByRole('gridcell', { name: /2010年5月6日（木） 5件 医師の記載 .*みなと中央病院/ }).waitFor();
  },
);

onPage('a click opens the note at the right with date and author, and the grid stays', seed, {}, async (page) => {
  const grid = page.locator('.month-grid');
  const note = cell(page, '2010-05-06').locator('.kind-note');
  await note.waitFor();
  const before = await grid.boundingBox();
  await note.click();
  const signature = page.locator('.signature');
  await signature.waitFor();
  assert.match(await signature.textContent(), /みなと中央病院2010\/05\/06 10:20 by 大庭 耕一/);
  for (const title of ['現病歴', '所見', '計画']) await page.locator('.details h4', { hasText: title }).waitFor();
  const now = await grid.boundingBox();
  assert.deepEqual([now.x, now.y], [before.x, before.y]);
  const pane = await page.locator('.details').boundingBox();
  assert.ok(pane.x >= now.x + now.width);
  await page.screenshot({ path: artefact('timeline-note.png') });
});

onPage('the calendar is walked with the keys and gives Tab a single stop', seed, {}, async (page) => {
  await cell(page, '2010-05-06').locator('.kind-note').waitFor();
  assert.equal(await page.locator('.month-grid [tabindex="0"]').count(), 1);
  await cell(page, '2010-05-04').focus();
  for (const [key, day] of [
    ['ArrowRight', '2010-05-05'],
    ['ArrowDown', '2010-05-12'],
    ['Home', '2010-05-09'],
    ['End', '2010-05-15'],
    ['ArrowUp', '2010-05-08'],
    ['PageUp', '2010-04-08'],
    ['PageDown', '2010-05-08'],
    ['Shift+PageUp', '2009-05-08'],
    ['Shift+PageDown', '2010-05-08'],
    ['ArrowLeft', '2010-05-07'],
    ['ArrowLeft', '2010-05-06'],
  ]) {
    await page.keyboard.press(key);
    await page.waitForFunction((d) => document.activeElement?.getAttribute('data-day') === d, day);
    assert.equal(await page.locator('.month-grid [tabindex="0"]').count(), 1);
  }
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.tagName === 'H2');
  assert.match(await focusedText(page), /2010年5月6日（木）/);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-day') === '2010-05-06');
  await cell(page, '2010-05-01').focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-day') === '2010-04-30');
});

onPage('the first stop skips to the content, and the focus can be seen', seed, {}, async (page) => {
  await cell(page, '2010-05-06').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focusedText(page), '本文へ移動');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'MAIN');
  await cell(page, '2010-05-06').focus();
  await page.keyboard.press('ArrowRight');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  assert.equal(outline, '3px');
});

onPage('filters by kind and institution keep only what was chosen, and the header names it', seed, {}, async (page) => {
  await cell(page, '2010-05-06').locator('.kind-note').waitFor();
  await page.locator('.option', { hasText: '検査データ' }).click();
  await cell(page, '2010-05-06').locator('.kind-note').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.day-sign').count(), await page.locator('.day-sign.kind-lab').count());
  await page.locator('.option', { hasText: 'みなと中央病院' }).click();
  await cell(page, '2010-05-04').locator('.day-sign').waitFor({ state: 'detached' });
  assert.deepEqual(await page.locator('.day-sign').evaluateAll((all) => all.map((s) => s.closest('td').dataset.day)), [
    '2010-05-06',
    '2010-05-12',
  ]);
  assert.match(await page.locator('.viewing').textContent(), /みなと中央病院患者番号 0034871/);
  await page.goBack();
  await cell(page, '2010-05-04').locator('.kind-lab').waitFor();
});

onPage('a year of an institution in the overview leads to its last month there', seed, {}, async (page) => {
  await page.getByRole('button', { name: /2008年 みなと中央病院 1 検査データ 1/ }).click();
  await page.getByRole('heading', { name: '2008年6月', exact: true }).waitFor();
  await cell(page, '2008-06-15').locator('.kind-lab').waitFor();
  await page.getByRole('button', { name: /2008年 みなと中央病院/ }).focus();
  await page.keyboard.press('ArrowLeft');
  assert.match(await focusedText(page), /2007年 みなと中央病院/);
  assert.equal(await page.locator('.overview button[tabindex="0"]').count(), 1);
});

onPage('what another institution did already is marked, tests as well as drugs', labOfMany, {}, async (page) => {
  assert.equal(await page.locator('.duplicate').textContent(), '他院でも同じ検査A富士見内科クリニック2010/05/04');
  await page.locator('.day-event', { hasText: '処方データ' }).click();
  await page.getByText('他院の処方と重複').waitFor();
});

onPage('a trend is a drawn chart, a sentence and a table of the same values', labOfMany, {}, async (page) => {
  await page.getByRole('button', { name: 'HbA1cの推移を表示' }).click();
  const chart = page.locator('.trend-chart svg');
  await chart.waitFor();
  const said = await page.locator('.trend-chart').getAttribute('aria-label');
  const values = Number(/、(\d+)回/.exec(said)[1]);
  assert.ok(values > 20);
  await page.getByText('表で見る').click();
  assert.equal(await page.locator('.trend-table tbody tr').count(), values);
  await page.waitForFunction((n) => document.querySelectorAll('.trend-chart path').length >= n, values);
  await page.getByText('表で見る').click();
  await page.screenshot({ path: artefact('timeline-trend.png') });
  await page.reload();
  await chart.waitFor();
  await page.getByRole('button', { name: 'HbA1cの推移を閉じる' }).click();
  await chart.waitFor({ state: 'detached' });
});

onPage('the language changes at once and is remembered', seed, {}, async (page) => {
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByText('69 years 0 months 16 days').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.reload();
  await cell(page, '2010-05-06').getByText('Note', { exact: true }).waitFor();
  await page.screenshot({ path: artefact('timeline-english.png') });
});

onPage('no address and no title names a person', '#/', {}, async (page) => {
  await page.getByRole('link', { name: /神崎 太一/ }).click();
  await cell(page, '2010-05-06').locator('.kind-note').click();
  await page.locator('.signature').waitFor();
  const told = decodeURIComponent(page.url()) + (await page.title());
  assert.ok(!/神崎|カンザキ|1941/.test(told), told);
});

onPage('people are found by name as one types, and the list goes on where it was cut', '#/', {}, async (page) => {
  const rows = page.locator('.person-table tbody tr');
  await rows.first().waitFor();
  assert.equal(await rows.count(), 50);
  await page.getByRole('button', { name: '続きを表示' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.person-table tbody tr').length > 50);
  await page.getByRole('searchbox').fill('カンザキ');
  await page.waitForFunction(() => document.querySelectorAll('.person-table tbody tr').length === 3);
  await page.getByRole('searchbox').fill('いない人');
  await page.getByText('該当する人はいません。').waitFor();
  await page.screenshot({ path: artefact('persons.png') });
});

onPage('an open node is loudly said to be open', '#/', {}, async (page) => {
  await page.getByRole('alert').getByText('認証は切られています').waitFor();
});

onPage(
  'on 360 px nothing is cut, and the details cover the calendar until they are closed',
  seed,
  { width: 360, height: 740 },
  async (page) => {
    await cell(page, '2010-05-06').locator('.kind-note').waitFor();
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok((await wide()) <= 360);
    const target = await cell(page, '2010-05-06').boundingBox();
    assert.ok(target.width >= 44 && target.height >= 44);
    await page.screenshot({ path: artefact('timeline-360.png'), fullPage: true });
    await cell(page, '2010-05-06').click();
    await page.locator('.signature').waitFor();
    const pane = await page.locator('.details').boundingBox();
    assert.deepEqual([pane.x, pane.y, pane.width, pane.height], [0, 0, 360, 740]);
    assert.ok((await wide()) <= 360);
    assert.match(await page.locator('.details-person').textContent(), /神崎 太一/);
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press('Tab');
      const behind = await page.evaluate(
        () => document.activeElement !== document.body && !document.activeElement?.closest('.details'),
      );
      assert.ok(!behind, await focusedText(page));
    }
    await page.screenshot({ path: artefact('timeline-360-details.png') });
    await page.getByRole('button', { name: '詳細を閉じる' }).click();
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-day') === '2010-05-06');
    assert.equal(await focusedDay(page), '2010-05-06');
  },
);

onPage('on paper every sheet is A4 and holds the month, its list and the open details', labOfMany, {}, async (page) => {
  await page.locator('.results').waitFor();
  const pdf = await page.pdf({ path: artefact('timeline.pdf'), preferCSSPageSize: true, printBackground: true });
  const text = pdf.toString('latin1');
  const sheets = [...text.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)];
  assert.ok(sheets.length >= 2);
  for (const [, width, height] of sheets) {
    assert.ok(Math.abs(Number(width) - 595) < 2 && Math.abs(Number(height) - 842) < 2, `${width} x ${height}`);
  }
  await page.emulateMedia({ media: 'print' });
  for (const there of ['.print-strip', '.person-header', '.month-grid', '.month-list', '.results']) {
    assert.ok(await page.locator(there).isVisible(), there);
  }
  for (const not of ['.top', '.filters', '.overview', '.print-button', '.details .close']) {
    assert.ok(!(await page.locator(not).first().isVisible()), not);
  }
});

for (const [what, path, how] of [
  ['the list of people', '#/', {}],
  ['the timeline', seed, {}],
  ['a note', `${dayOfMany}&event=DocumentReference:n-2010-05-06-7`, {}],
  ['laboratory results with a trend', `${labOfMany}&trend=urn:oid:1.2.392.200119.4.504|3D045000001906202`, {}],
  ['the timeline on 360 px', seed, { width: 360, height: 740 }],
  ['details on 360 px', labOfMany, { width: 360, height: 740 }],
]) {
  onPage(`axe finds nothing against WCAG 2.2 AA in ${what}`, path, how, async (page) => {
    await page.locator(path === '#/' ? '.person-table' : '.month-list table').waitFor({ state: 'attached' });
    if (path.includes('&day=')) await page.locator('.signature').waitFor();
    if (path.includes('trend=')) await page.locator('.trend-chart svg').waitFor();
    assert.deepEqual(await accessibility(page), []);
  });
}

onPage('a person without records is said to have none', '#/person/empty', {}, async (page) => {
  await page.getByText('この方の記録はまだありません。').waitFor();
  await page.getByRole('heading', { name: '（氏名の記録なし）' }).waitFor();
  await page.getByText('生年月日不明').waitFor();
  await page.getByText('アレルギーがないという意味ではありません').waitFor();
});

const provoked = { expected: ['Failed to load resource'] };

onPage('a fault never looks like a month without records', '#/person/half-faulty', provoked, async (page) => {
  await page.getByText('表示されている内容は完全ではありません').waitFor();
  assert.equal(await page.locator('.month-grid').count(), 0);
  assert.equal(await page.locator('.month-list').count(), 0);
  assert.deepEqual([...new Set(await page.locator('.month-count').allTextContents())], ['?']);
  await page.getByRole('button', { name: 'もう一度読み込む' }).click();
  await page.getByText('表示されている内容は完全ではありません').waitFor();
});

onPage('a node in trouble and a person who is not there are told apart', '#/person/faulty', provoked, async (page) => {
  await page.getByText('サーバーで問題が起きました').waitFor();
  await page.goto(`${node.url}/#/person/nobody`);
  await page.getByText('見つかりません。').waitFor();
  await page.goto(`${node.url}/#/no/such/page`);
  await page.getByText('このページはありません。').waitFor();
});

onPage(
  'while a slow node is asked, the page says that it loads and shows no empty days',
  '#/person/slow',
  {},
  async (page) => {
    await page.getByRole('status').getByText('読み込んでいます').waitFor();
    await page.locator('.month-grid[aria-busy="true"]').waitFor();
    assert.equal(await page.getByText('この月の記録はありません').count(), 0);
    await page.locator('.month-grid[aria-busy="false"]').waitFor();
    await page.locator('.month-list table').waitFor();
  },
);

onPage(
  'four thousand events of thirty institutions in a month stay usable',
  '#/person/crowded?month=2015-03',
  {},
  async (page) => {
    await page.locator('.month-list table').waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 1280);
    assert.ok((await page.locator('.day-sign').count()) <= 31 * 5);
    assert.ok((await page.locator('.month-list tbody tr').count()) <= 150);
    const start = Date.now();
    await cell(page, '2015-03-15').click();
    await page.locator('.signature').waitFor();
    assert.ok(Date.now() - start < 3000);
    await page.screenshot({ path: artefact('timeline-crowded.png') });
  },
);
