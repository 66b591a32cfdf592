// SPDX-License-Identifier: Apache-2.0
// A Chromium for the tests, and pages that tell afterwards what went wrong behind the scenes:
// requests to elsewhere, refusals of the content policy, errors in the console.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const fromWeb = createRequire(new URL('../../web/package.json', import.meta.url));
const out = fileURLToPath(new URL('./out/', import.meta.url));

/** Chromium itself must not ask the network anything either. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch() {
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return fromWeb('playwright-core').chromium.launch({ executablePath: chromiumPath, args: [...quiet, ...root] });
}

/** Kept as artefacts of the run. */
export function artefact(name) {
  mkdirSync(out, { recursive: true });
  return out + name;
}

/**
 * A page at `path` of the node at `url`. `clean()` fails when it asked another origin, broke the
 * policy or wrote an error; a fault that the test itself provoked is named in `expected`.
 */
export async function openPage(browser, url, path, { width = 1280, height = 900, expected = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'ja-JP' });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrong = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) wrong.push(`asked ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !expected.some((part) => text.includes(part))) wrong.push(text);
  });
  await page.goto(`${url}/${path}`);
  return {
    page,
    clean: async () => {
      await context.close();
      assert.deepEqual(wrong, []);
    },
  };
}

/** The findings of axe for WCAG 2.2 AA, each with its first place. */
export async function accessibility(page) {
  await page.evaluate(readFileSync(fromWeb.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return found.violations.map(
    (one) =>
      `${one.id}: ${one.nodes[0].html.slice(0, 160)} (${one.nodes.length}) ${one.nodes[0].failureSummary?.slice(0, 200)}`,
  );
}
