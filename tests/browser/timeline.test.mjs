// SPDX-License-Identifier: Apache-2.0
// The pages on the real program: files are imported, the node serves, Chromium looks. First the
// person whom the regional networks' viewers show, then a synthetic region.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessibility, artefact, launch, openPage } from './browser.mjs';
import { writeSeed } from './seed.mjs';

const program = process.env.KUMIHIMO ?? fileURLToPath(new URL('../../build/release/kumihimo', import.meta.url));

let browser;
let node;
let folder;

function kumihimo(...words) {
  return execFileSync(program, words, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', timeout: 240_000 });
}

/** Starts the node on a free port and answers once it says where it listens. */
function start(data) {
  const child = spawn(program, ['serve', '--data', data, '--open', '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const stop = () =>
    new Promise((done) => {
      child.once('exit', done);
      child.kill('SIGTERM');
    });
  return new Promise((ready, fail) => {
    let said = '';
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`serve ended with ${code}: ${said}`)));
    child.stdout.on('data', (bytes) => {
      said += bytes;
      const url = /listening on (http:\/\/\S+)/.exec(said)?.[1];
      if (url !== undefined) ready({ url, stop });
    });
  });
}

before(
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'kumihimo-browser-'));
    writeSeed(join(folder, 'files/seed'));
    kumihimo('synth', '--people', '40', '--seed', '1', '--out', join(folder, 'files/region'));
    kumihimo('import', '--data', join(folder, 'node'), join(folder, 'files/seed'), join(folder, 'files/region'));
    [browser, node] = await Promise.all([launch(), start(join(folder, 'node'))]);
  },
  { timeout: 300_000 },
);

after(async () => {
  await browser?.close();
  await node?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function onPage(name, path, how, run) {
  test(name, { timeout: 90_000 }, async () => {
    const { page, clean } = await openPage(browser, node.url, await path(), how);
    await run(page);
    await clean();
  });
}

async function ask(path) {
  const reply = await fetch(node.url + path);
  assert.equal(reply.status, 200, path);
  return reply.json();
}

async function seedPerson() {
  const { persons } = await ask(`/api/sharing/persons?name=${encodeURIComponent('カンザキ')}`);
  const one = persons.find((row) => row.birthDate === '1941-04-21');
  assert.ok(one, 'the imported person is found by kana');
  return one;
}

const seedPage = async () => `#/person/${(await seedPerson()).person}?on=2010-05-07`;
const cell = (page, day) => page.locator(`[data-day="${day}"]`);

onPage(
  'the person of the seed is one person over two institutions, found by name',
  async () => '#/',
  {},
  async (page) => {
    await page.getByRole('alert').getByText('認証は切られています').waitFor();
    await page.getByRole('searchbox').fill('カンザキ');
    const link = page.getByRole('link', { name: /神崎 太一/ });
    /* The list of everybody may hold the name already, and goes when the answer comes. */
    await page.waitForFunction(() => document.querySelectorAll('.person-link').length === 1);
    assert.equal(await link.count(), 1);
    await link.click();
    await page.locator('.birth-date', { hasText: '1941年04月21日生' }).waitFor();
  },
);

onPage(
  'on 2010-05-07 the header says 69歳0ヶ月16日 and the allergy with who declared it',
  seedPage,
  {},
  async (page) => {
    await page.locator('.age').waitFor();
    assert.equal(await page.locator('.age').textContent(), '69歳0ヶ月16日');
    assert.match(await page.locator('.allergies li').textContent(), /ペニシリン重篤.*富士見内科クリニック/);
  },
);

onPage('May 2010 holds both institutions in one grid, each event in its day', seedPage, {}, async (page) => {
  await cell(page, '2010-05-06').locator('.kind-note').waitFor();
  assert.equal(await page.locator('[data-day]').count(), 31);
  const places = await page
    .locator('.day-sign')
    .evaluateAll((all) =>
      all.map((one) => `${one.closest('td').dataset.day} ${one.querySelector('.day-sign-text').textContent}`),
    );
  for (const day of ['2010-05-04', '2010-05-06']) {
    for (const kind of ['医師の記載', '検査データ', '処方データ'])
      assert.ok(places.includes(`${day} ${kind}`), `${day} ${kind}`);
  }
  assert.deepEqual(
    places.filter((one) => one.endsWith('入院')).map((one) => one.slice(8, 10)),
    ['10', '11', '12', '13', '14', '15', '16', '17'],
  );
  const marks = await page
    .locator('.day-sign .mark')
    .evaluateAll((all) => new Set(all.map((one) => one.textContent)).size);
  assert.equal(marks, 2);
});

onPage('the note opens at the right with date, author, history, findings and plan', seedPage, {}, async (page) => {
  await cell(page, '2010-05-06').locator('.kind-note').click();
  await page.locator('.signature').waitFor();
  assert.match(await page.locator('.signature').textContent(), /みなと中央病院2010\/05\/06.* by 大庭 耕一/);
  assert.deepEqual(await page.locator('.note-section h4').allTextContents(), ['現病歴', '所見', '計画']);
  assert.ok(await page.locator('.month-grid').isVisible());
  await page.screenshot({ path: artefact('real-note.png') });
});

onPage(
  'tests and drugs of the other institution are marked as duplicates, and a trend joins both',
  seedPage,
  {},
  async (page) => {
    await cell(page, '2010-05-06').locator('.kind-lab').click();
    await page.locator('.results').waitFor();
    assert.match(await page.locator('.results').textContent(), /HbA1c7\.4 %▲ 高4\.6–6\.2/);
    assert.match(await page.locator('.duplicate').first().textContent(), /他院でも同じ検査.*富士見内科クリニック/);
    await page.getByRole('button', { name: 'HbA1cの推移を表示' }).click();
    await page.locator('.trend-chart svg').waitFor();
    await page.getByText('表で見る').click();
    assert.deepEqual(await page.locator('.trend-table tbody .value').allTextContents(), [
      '7.4',
      '7',
      '6.7',
      '6.4',
      '6.1',
    ]);
    await page.screenshot({ path: artefact('real-trend.png') });
    await page.locator('.day-event.kind-prescription').click();
    await page.getByText('他院の処方と重複').waitFor();
  },
);

/** Of the synthetic region the person with most institutions. */
async function busiest() {
  const { persons } = await ask('/api/sharing/persons?limit=200');
  assert.ok(persons.length >= 40);
  persons.sort((a, b) => b.institutions - a.institutions);
  return `#/person/${persons[0].person}`;
}

for (const [where, how] of [
  ['1280 px', { width: 1280, height: 900 }],
  ['360 px', { width: 360, height: 740 }],
]) {
  onPage(
    `a life of the synthetic region can be read on ${where}, and axe finds nothing`,
    busiest,
    how,
    async (page) => {
      await page.locator('.month-list table').waitFor();
      assert.ok((await page.locator('.day-sign').count()) > 0);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= how.width);
      assert.deepEqual(await accessibility(page), []);
      await page.screenshot({ path: artefact(`real-region-${how.width}.png`), fullPage: true });
      await page.locator('.day.has-events').first().click();
      await page.locator('.signature').waitFor();
      assert.deepEqual(await accessibility(page), []);
    },
  );
}

onPage('each event of the busiest life opens and is about its own day', busiest, {}, async (page) => {
  await page.locator('.month-list table').waitFor();
  const events = page.locator('.list-open');
  const count = Math.min(await events.count(), 20);
  for (let i = 0; i < count; i++) {
    await events.nth(i).click();
    await page.locator('.list-open').nth(i).and(page.locator('[aria-pressed="true"]')).waitFor();
    await page.locator('.content .signature').waitFor();
    assert.equal(await page.locator('.failure').count(), 0);
  }
});
