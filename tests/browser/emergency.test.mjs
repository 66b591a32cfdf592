// SPDX-License-Identifier: Apache-2.0
// The night nurse and the unconscious patient, on the real program: found by the number on a card,
// the glass broken with a reason, one screen read, all by keyboard; then what the person and the
// reviewers are told.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessibility, artefact, launch, openPage } from './browser.mjs';

const program = process.env.KUMIHIMO ?? fileURLToPath(new URL('../../build/release/kumihimo', import.meta.url));

let browser;
let node;
let folder;

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

const subject = (id) => ({ reference: `Patient/${id}` });
const act = 'http://terminology.hl7.org/CodeSystem/';

/** Invented people: one with much to know, one of whom nothing is known, one who refused. */
const records = [
  {
    resourceType: 'Patient',
    id: 'toki',
    identifier: [{ system: 'urn:oid:1.2.392.100495.20.3.51.1', value: '000-4711' }],
    name: [
      { family: '常盤', given: ['あやめ'] },
      {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation', valueCode: 'SYL' }],
        family: 'トキワ',
        given: ['アヤメ'],
      },
    ],
    gender: 'female',
    birthDate: '1948-03-05',
    contact: [
      {
        relationship: [{ text: '長男' }],
        name: { text: '常盤 宗一' },
        telecom: [{ system: 'phone', value: '090-0000-0000' }],
      },
    ],
  },
  { resourceType: 'Patient', id: 'leer', name: [{ family: '空木', given: ['蓮'] }], birthDate: '1999-09-09' },
  { resourceType: 'Patient', id: 'nein', name: [{ family: '否野', given: ['薫'] }], birthDate: '1970-01-02' },
  {
    resourceType: 'AllergyIntolerance',
    id: 'a1',
    patient: subject('toki'),
    criticality: 'high',
    code: { text: 'ペニシリン系抗菌薬' },
    reaction: [{ manifestation: [{ text: 'アナフィラキシー' }] }],
  },
  {
    resourceType: 'AllergyIntolerance',
    id: 'a2',
    patient: subject('toki'),
    criticality: 'low',
    code: { text: 'そば' },
  },
  {
    resourceType: 'Observation',
    id: 'b1',
    status: 'final',
    subject: subject('toki'),
    effectiveDateTime: '2019-04-02',
    code: { coding: [{ system: 'http://loinc.org', code: '882-1' }], text: 'ABO・Rh 血液型' },
    valueCodeableConcept: { text: 'AB型 Rh(+)' },
  },
  ...[
    ['m1', 'ワルファリンK錠 1mg', '1日1回 朝食後 2錠'],
    ['m2', 'ビソプロロールフマル酸塩錠 2.5mg', '1日1回 朝食後 1錠'],
    ['m3', 'メトホルミン塩酸塩錠 250mg', '1日2回 朝夕食後 各1錠'],
  ].map(([id, text, dose]) => ({
    resourceType: 'MedicationRequest',
    id,
    status: 'active',
    intent: 'order',
    subject: subject('toki'),
    authoredOn: '2026-11-02',
    medicationCodeableConcept: { text },
    dosageInstruction: [{ text: dose }],
  })),
  ...[
    ['c1', '心房細動'],
    ['c2', '2型糖尿病'],
  ].map(([id, text]) => ({
    resourceType: 'Condition',
    id,
    subject: subject('toki'),
    recordedDate: '2021-06-01',
    category: [{ coding: [{ system: `${act}condition-category`, code: 'problem-list-item' }] }],
    code: { text },
  })),
  {
    resourceType: 'Procedure',
    id: 'p1',
    status: 'completed',
    subject: subject('toki'),
    performedDateTime: '2015-02-10',
    category: { coding: [{ system: 'http://snomed.info/sct', code: '387713003' }] },
    code: { text: '人工膝関節置換術 (左)' },
  },
  { resourceType: 'Organization', id: 'n1', name: '地域ネットワーク' },
  {
    resourceType: 'Consent',
    id: 'no',
    status: 'active',
    scope: { coding: [{ system: `${act}consentscope`, code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: subject('nein'),
    dateTime: '2020-01-01',
    organization: [{ reference: 'Organization/n1' }],
    policyRule: { coding: [{ system: `${act}v3-ActCode`, code: 'OPTIN' }] },
    provision: { provision: [{ type: 'deny', purpose: [{ system: `${act}v3-ActReason`, code: 'ETREAT' }] }] },
  },
];

before(
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'kumihimo-emergency-'));
    [browser, node] = await Promise.all([launch(), start(join(folder, 'node'))]);
    const reply = await fetch(`${node.url}/fhir`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: records.map((resource) => ({
          resource,
          request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
        })),
      }),
    });
    assert.equal(reply.status, 200, await reply.text());
  },
  { timeout: 120_000 },
);

after(async () => {
  await browser?.close();
  await node?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const expected = ['404', '403', '422'];

function onPage(name, path, how, run) {
  test(name, { timeout: 90_000 }, async () => {
    const { page, clean } = await openPage(browser, node.url, path, { expected, ...how });
    await run(page);
    await clean();
  });
}

async function quiet(page) {
  assert.deepEqual(await accessibility(page), []);
}

async function fits(page) {
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    'no sideways scrolling',
  );
}

onPage('from the card to the screen by keyboard alone', '#/emergency', {}, async (page) => {
  await page.getByLabel('番号', { exact: false }).first().waitFor();
  await page.screenshot({ path: artefact('emergency-find.png') });
  await quiet(page);
  await page.keyboard.type('000-4711');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /常盤 あやめ/ }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '同意なしで開く' }).waitFor();
  await page.getByRole('radio').first().waitFor();
  await quiet(page);
  // The first reason has the focus; Space chooses it, Tab leads to the words.
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.type('急患');
  await page.getByText(/あと \d+ 文字/).waitFor();
  assert.ok(await page.getByRole('button', { name: '記録を開く' }).isDisabled());
  await page.keyboard.type('。意識なし、路上で倒れていた');
  await page.screenshot({ path: artefact('emergency-glass.png') });
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /常盤 あやめ/ }).waitFor();
  const text = await page.locator('main').innerText();
  for (const one of [
    'ペニシリン系抗菌薬',
    'アナフィラキシー',
    'AB型 Rh(+)',
    'ワルファリン',
    '心房細動',
    '090-0000-0000',
    '人工膝関節',
  ])
    assert.ok(text.includes(one), one);
  // What must not be given is read first.
  assert.ok(text.indexOf('ペニシリン') < text.indexOf('ワルファリン'));
  await page.screenshot({ path: artefact('emergency-screen.png'), fullPage: true });
  await quiet(page);
  await page.getByText('共有項目の一覧').click();
  assert.equal(await page.locator('.em-items tbody tr').count(), 31);
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot({ path: artefact('emergency-print.png') });
  await page.pdf({ path: artefact('emergency-screen.pdf'), format: 'A4' });
});

onPage(
  'it is read on a telephone, and in English with one click',
  '#/emergency',
  { width: 360, height: 740 },
  async (page) => {
    await fits(page);
    await page.getByRole('link', { name: /意識なし/ }).click();
    await page.getByRole('heading', { name: /常盤 あやめ/ }).waitFor();
    await fits(page);
    await page.screenshot({ path: artefact('emergency-screen-360.png'), fullPage: true });
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Allergies' }).waitFor();
    await quiet(page);
  },
);

onPage('nothing recorded is said, and never looks like nothing there', '#/emergency', {}, async (page) => {
  await page.getByLabel('氏名', { exact: false }).fill('空木');
  await page.getByLabel('生年月日', { exact: false }).fill('1999-09-09');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /空木/ }).click();
  await page.getByRole('radio').nth(1).check();
  await page.getByRole('textbox').fill('交通事故で搬送、意識不明');
  await page.getByRole('button', { name: '記録を開く' }).click();
  await page.getByText('アレルギーがないという意味ではありません').waitFor();
});

onPage('who refused beforehand is heeded, and the nurse is told', '#/emergency', {}, async (page) => {
  await page.getByLabel('氏名', { exact: false }).fill('否野');
  await page.getByLabel('生年月日', { exact: false }).fill('S45.1.2');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /否野/ }).click();
  await page.getByRole('radio').first().check();
  await page.getByRole('textbox').fill('意識がなく、家族も不在です');
  await page.getByRole('button', { name: '記録を開く' }).click();
  await page.getByRole('heading', { name: '本人は救急時の閲覧を拒否しています' }).waitFor();
  await page.screenshot({ path: artefact('emergency-refused.png') });
  await quiet(page);
});

onPage('the person reads the notice', '#/notices/1', {}, async (page) => {
  await page.getByText('救急のため、同意なしで記録が開かれました').first().waitFor();
  await page.screenshot({ path: artefact('emergency-notices.png') });
  await quiet(page);
  await page.getByRole('button', { name: '読みました' }).first().click();
  await page.getByText('未読 0 件').waitFor();
});

onPage('the queue shows what waits, and nobody judges their own', '#/emergency-reviews', {}, async (page) => {
  await page.getByText(/未審査 \d+ 件/).waitFor();
  await page.screenshot({ path: artefact('emergency-reviews.png') });
  await quiet(page);
  await page.getByRole('button', { name: '正当', exact: true }).first().click();
  await page.getByText('nobody judges a glass they broke').waitFor();
});
