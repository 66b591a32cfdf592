// SPDX-License-Identifier: Apache-2.0
// Who looked at the record, on the real program: entries come from real reads, the browser checks
// each proof itself, and a node that lies is found out.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
let person;

function kumihimo(...words) {
  return execFileSync(program, words, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', timeout: 120_000 });
}

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

async function ask(path) {
  const reply = await fetch(node.url + path);
  assert.equal(reply.status, 200, path);
  return reply.json();
}

before(
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'kumihimo-lookers-'));
    writeSeed(join(folder, 'files/seed'));
    kumihimo('import', '--data', join(folder, 'node'), join(folder, 'files/seed'));
    [browser, node] = await Promise.all([launch(), start(join(folder, 'node'))]);
    const { persons } = await ask(`/api/sharing/persons?name=${encodeURIComponent('カンザキ')}`);
    person = persons[0].person;
    for (let i = 0; i < 60; i++) await ask('/fhir/Patient/kanzaki-clinic');
    await ask('/fhir/Observation?patient=kanzaki-clinic');
    await ask('/fhir/Patient/kanzaki-clinic/$everything');
  },
  { timeout: 180_000 },
);

after(async () => {
  await browser?.close();
  await node?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function onPage(name, path, how, run) {
  test(name, { timeout: 90_000 }, async () => {
    const { page, clean } = await openPage(browser, node.url, path(), how);
    await run(page);
    await clean();
  });
}

const own = () => `#/lookers/${person}`;
const rows = (page) => page.locator('.lookers-table tbody tr');
const checked = (page) => page.getByText('このブラウザーで確かめました').waitFor();

onPage('every line is checked by the browser itself, and says so', own, {}, async (page) => {
  await checked(page);
  assert.equal(await rows(page).count(), 50);
  const seals = await page.locator('.seal').allTextContents();
  assert.ok(
    seals.every((text) => /確認済み|封印のみ確認/.test(text)),
    seals.join(),
  );
  await page
    .locator('.keep .key')
    .getByText(/^kumihimo\.[0-9a-f]{16}\/audit\+/)
    .waitFor();
  await page.screenshot({ path: artefact('lookers.png') });
});

onPage('earlier ones follow on demand, and are checked as well', own, {}, async (page) => {
  await checked(page);
  await page.getByRole('button', { name: 'さらに前を表示' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.lookers-table tbody tr').length > 60);
  await checked(page);
  await page.getByText('記録全体を取り出した').first().waitFor();
  await page.getByText('検索して表示した').first().waitFor();
});

/** The answer as the node gave it, changed on its way. */
async function tampered(page, change) {
  await page.route('**/api/lookers?**', async (route) => {
    const reply = await route.fetch();
    const body = await reply.json();
    change(body);
    await route.fulfill({ response: reply, json: body });
  });
}

const lies = {
  'another role': (body) => (body.lookers[3].role = 'pharmacist'),
  'another time': (body) => (body.lookers[3].at = '2020-01-01T00:00:00.000Z'),
  'another text': (body) => (body.lookers[3].entry = body.lookers[3].entry.replace('operator', 'citizen')),
  'another place': (body) => (body.lookers[3].index -= 1000),
  'another checkpoint': (body) => (body.checkpoint = body.checkpoint.replace(/\n\d+\n/, '\n7\n')),
};
for (const [what, lie] of Object.entries(lies))
  test(`a node that tells ${what} is found out`, { timeout: 60_000 }, async () => {
    const { page, clean } = await openPage(browser, node.url, '#/');
    await tampered(page, lie);
    await page.goto(`${node.url}/${own()}`);
    await page.getByText(/件の封印が合いません/).waitFor();
    assert.ok((await page.locator('.seal-bad').count()) >= 1);
    if (what === 'another role') await page.screenshot({ path: artefact('lookers-tampered.png') });
    await clean();
  });

test('the file of proofs is believed offline, and not when a letter is changed', { timeout: 60_000 }, async () => {
  const { page, clean } = await openPage(browser, node.url, own());
  await checked(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: '証明のファイルを保存' }).click(),
  ]);
  const path = join(folder, 'proofs.ndjson');
  await download.saveAs(path);
  const key = await page.locator('.keep .key').textContent();
  await clean();
  const said = JSON.parse(kumihimo('audit', 'prove', '--check', path, '--key', key, '--json'));
  assert.equal(said.whole, true);
  assert.equal(said.pinned, true);
  assert.ok(said.proved > 60, JSON.stringify(said));
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/\\"role\\":\\"operator/, '\\"role\\":\\"pperator'));
  assert.throws(() => kumihimo('audit', 'prove', '--check', path, '--key', key), /proves nothing \(entry\)/);
});

onPage('it is worked with the keys and read by a screen reader', own, {}, async (page) => {
  await checked(page);
  assert.deepEqual(await accessibility(page), []);
  await page.locator('.proof summary').first().focus();
  await page.keyboard.press('Enter');
  await page.locator('.proof pre').first().waitFor({ state: 'visible' });
  await page.getByRole('table').waitFor();
  await page.getByRole('status').filter({ hasText: '確かめました' }).waitFor();
});

onPage('English is one click away', own, {}, async (page) => {
  await checked(page);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Who looked at the record' }).waitFor();
  await page.getByText('operator of the node').first().waitFor();
  assert.deepEqual(await accessibility(page), []);
  await page.screenshot({ path: artefact('lookers-english.png') });
});

onPage('on 360 px each line is a card and nothing is cut', own, { width: 360, height: 740 }, async (page) => {
  await checked(page);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  assert.deepEqual(await accessibility(page), []);
  await page.screenshot({ path: artefact('lookers-360.png') });
});

onPage('on A4 the head of the table comes again and the tools stay away', own, {}, async (page) => {
  await checked(page);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.lookers-tools').isVisible(), false);
  const pdf = await page.pdf({ path: artefact('lookers.pdf'), preferCSSPageSize: true });
  assert.ok((pdf.toString('latin1').match(/\/Type \/Page\b/g) ?? []).length >= 2);
});

onPage(
  'whose record it is must be said, and nobody is made up',
  () => '#/lookers',
  { expected: ['422'] },
  async (page) => {
    await page.getByText('どなたの記録かを選んでください').waitFor();
  },
);

onPage(
  'a person who is not there is not found',
  () => '#/lookers/99999999',
  { expected: ['404'] },
  async (page) => {
    await page.getByText('見つかりません').waitFor();
  },
);

onPage(
  'from the timeline it is one click',
  () => `#/person/${person}`,
  {},
  async (page) => {
    await page.getByRole('link', { name: '誰がこの記録を見たか' }).click();
    await checked(page);
  },
);
