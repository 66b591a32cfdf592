// SPDX-License-Identifier: Apache-2.0
// Coming in, on the real program: in a demonstration by choosing a role; elsewhere at a provider (which is
// simulated) with a passkey (an authenticator in software, inside Chromium) as the second factor.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessibility, artefact, launch, openPage } from './browser.mjs';
import { writeSeed } from './seed.mjs';

const built = (name) => fileURLToPath(new URL(`../../build/release/${name}`, import.meta.url));
const program = process.env.KUMIHIMO ?? built('kumihimo');
const openid = process.env.SIMULATED_OPENID ?? built('simulated_openid');

let browser;
let folder;
let demo;
let provider;

function kumihimo(...words) {
  return execFileSync(program, words, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', timeout: 240_000 });
}

/** Starts a program and answers once it has said `pattern`. */
function start(command, words, pattern) {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = () =>
    new Promise((done) => {
      child.once('exit', done);
      child.kill('SIGTERM');
    });
  return new Promise((ready, fail) => {
    let said = '';
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`${command} ended with ${code}: ${said}`)));
    child.stdout.on('data', (bytes) => {
      said += bytes;
      const url = pattern.exec(said)?.[1];
      if (url !== undefined) ready({ url, stop });
    });
  });
}

const serve = (data, ...more) =>
  start(program, ['serve', '--data', data, '--listen', '127.0.0.1:0', ...more], /listening on (http:\/\/\S+)/);

before(
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'kumihimo-browser-'));
    writeSeed(join(folder, 'files/seed'));
    kumihimo('import', '--data', join(folder, 'demo'), join(folder, 'files/seed'));
    [browser, demo, provider] = await Promise.all([
      launch(),
      serve(join(folder, 'demo'), '--demo'),
      start(openid, ['127.0.0.1:0', 'kumihimo', '-', 'hanako', 'taro', 'lie-nonce'], /(http:\/\/\S+)\n/),
    ]);
  },
  { timeout: 300_000 },
);

after(async () => {
  await browser?.close();
  await demo?.stop();
  await provider?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function inDemo(name, path, how, run) {
  test(name, { timeout: 90_000 }, async () => {
    const { page, clean } = await openPage(browser, demo.url, path, how);
    await run(page);
    await clean();
  });
}

inDemo('a demonstration says loudly what it is, and offers every role', '#/sign-in', {}, async (page) => {
  const banner = page.locator('.demo-banner');
  await banner.waitFor();
  assert.match(await banner.innerText(), /これはデモです/);
  const roles = page.locator('.way-roles button');
  await roles.first().waitFor();
  assert.equal(await roles.count(), 15);
  assert.deepEqual(await accessibility(page), []);
  await page.screenshot({ path: artefact('sign-in-demo.png'), fullPage: true });
});

inDemo(
  'the page is whole at 360 pixels, and in English with one click',
  '#/sign-in',
  { width: 360, height: 740 },
  async (page) => {
    await page.locator('.way-roles button').first().waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
    assert.match(await page.locator('.demo-banner').innerText(), /This is a demonstration/);
    assert.deepEqual(await accessibility(page), []);
    await page.screenshot({ path: artefact('sign-in-demo-360.png'), fullPage: true });
  },
);

inDemo(
  'by keyboard alone one enters in a role, is named in the bar, and leaves',
  '#/sign-in',
  { expected: ['401'] },
  async (page) => {
    const citizen = page.getByRole('button', { name: '本人 として入る' });
    await citizen.waitFor();
    for (let i = 0; i < 60; i++) {
      if (await citizen.evaluate((one) => one === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('.top-who').waitFor();
    assert.match(await page.locator('.top-who').innerText(), /本人/);
    await page.waitForFunction(() => window.location.hash === '#/');
    const cookies = await page.context().cookies();
    const own = cookies.find((one) => one.name === 'kumihimo');
    assert.equal(own?.httpOnly, true);
    assert.equal(own?.sameSite, 'Strict');
    assert.equal(await page.evaluate(() => document.cookie), '');
    await page.screenshot({ path: artefact('signed-in.png') });
    await page.getByRole('button', { name: 'サインアウト' }).click();
    await page.getByRole('link', { name: 'サインイン' }).first().waitFor();
    assert.equal(
      (await page.context().cookies()).some((one) => one.name === 'kumihimo'),
      false,
    );
  },
);

/** A node of its own, at a name that passkeys take: an address is none. */
async function realNode() {
  const data = join(folder, 'real');
  const place = provider.url.slice('http://'.length);
  kumihimo(
    'provider',
    'add',
    'city',
    '--data',
    data,
    '--issuer',
    provider.url,
    '--client-id',
    'kumihimo',
    '--allow',
    place,
    '--label',
    '市の認証サーバー',
    '--label-en',
    'City',
  );
  const who = ['--data', data, '--issuer', provider.url, '--subject'];
  kumihimo(
    'account',
    'add',
    ...who,
    'hanako',
    '--role',
    'clinician',
    '--name',
    '試験 花子',
    '--organisation',
    'Organization/1',
  );
  const code = kumihimo('account', 'enrol', ...who, 'hanako').trim();
  const node = await serve(data, '--connect', place.split(':')[1]);
  return { node, code, url: node.url.replace('127.0.0.1', 'localhost') };
}

async function atProvider(page, url, person) {
  await page.goto(`${url}/#/sign-in`);
  await page.getByRole('button', { name: '市の認証サーバー でサインイン' }).click();
  await page.getByRole('button', { name: person }).click();
}

test('at a provider, then with a passkey; next time with the passkey alone', { timeout: 120_000 }, async () => {
  const { node, code, url } = await realNode();
  const context = await browser.newContext({ locale: 'ja-JP' });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  try {
    await atProvider(page, url, 'taro');
    await page.getByRole('alert').filter({ hasText: 'サインインできませんでした' }).waitFor();
    await page.screenshot({ path: artefact('sign-in-unknown.png') });
    await atProvider(page, url, 'lie-nonce');
    await page.getByRole('alert').filter({ hasText: 'サインインできませんでした' }).waitFor();

    await atProvider(page, url, 'hanako');
    await page.getByLabel('登録コード').waitFor();
    assert.equal(page.url().includes('code='), false, 'the code left the address');
    assert.deepEqual(await accessibility(page), []);
    await page.screenshot({ path: artefact('sign-in-second.png') });
    await page.getByLabel('登録コード').fill('not a code');
    await page.getByRole('button', { name: 'パスキーを登録する' }).click();
    await page.locator('.sign-in-wrong:not(:empty)').waitFor();
    await page.getByLabel('登録コード').fill(code);
    await page.getByRole('button', { name: 'パスキーを登録する' }).click();
    await page.waitForFunction(() => window.location.hash === '#/');
    assert.match(await page.locator('.top-who').innerText(), /試験 花子/);
    await page.goto(`${url}/#/account`);
    await page.getByText('示されています').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.screenshot({ path: artefact('account.png') });

    await page.getByRole('button', { name: 'サインアウト' }).click();
    await page.getByRole('link', { name: 'サインイン' }).first().waitFor();
    await page.goto(`${url}/#/sign-in`);
    await page.getByRole('button', { name: 'パスキーでサインイン' }).click();
    await page.locator('.top-who').waitFor();
    const session = await page.evaluate(() => fetch('/session').then((reply) => reply.json()));
    assert.equal(session.secondFactor, true);
    assert.equal(session.role.name, 'clinician');

    await page.getByRole('button', { name: 'サインアウト' }).click();
    await page.getByRole('link', { name: 'サインイン' }).first().waitFor();
    await atProvider(page, url, 'hanako');
    await page.getByRole('heading', { name: '二つ目の要素' }).waitFor();
    await page.getByRole('button', { name: 'パスキーでサインイン' }).click();
    await page.waitForFunction(() => window.location.hash === '#/');
  } finally {
    await context.close();
    await node.stop();
  }
  const trace = kumihimo('audit', 'export', '--data', join(folder, 'real'));
  const logins = trace
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).entry)
    .filter((entry) => entry.kind === 'login');
  assert.ok(logins.some((entry) => entry.outcome === 'ok' && entry.reason === 'provider'));
  assert.ok(
    logins.some((entry) => entry.outcome === 'ok' && entry.reason === 'passkey-new' && entry.agent.secondFactor),
  );
  assert.ok(logins.some((entry) => entry.outcome === 'UNAUTHENTICATED' && entry.reason === 'provider: nonce'));
  assert.ok(logins.some((entry) => entry.outcome === 'UNAUTHENTICATED' && entry.reason === 'provider: account'));
});
