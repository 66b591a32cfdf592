// SPDX-License-Identifier: Apache-2.0
// node tests/browser/run.mjs NAME: runs NAME.test.mjs beside this file, or the unit tests of the
// pages for NAME "unit". What they need may be missing on a developer's machine: then it says so
// and answers 77, which ctest counts as skipped. Where CI is set, missing is failed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromiumPath } from './browser.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const name = process.argv[2] ?? 'pages';

const needs = [['packages of web/ (make setup)', at('../../web/node_modules/esbuild')]];
if (name !== 'unit') {
  needs.push(['pages built into web/dist (make web)', at('../../web/dist/index.html')]);
  needs.push(['Chromium', chromiumPath]);
}
if (['timeline', 'lookers', 'emergency', 'sign_in'].includes(name))
  needs.push(['program kumihimo', process.env.KUMIHIMO ?? at('../../build/release/kumihimo')]);

const missing = needs.filter(([, path]) => !existsSync(path)).map(([what]) => what);
if (missing.length > 0) {
  console.log(`browser/${name}: missing: ${missing.join(', ')}`);
  process.exit(process.env.CI ? 1 : 77);
}
const command = name === 'unit' ? [at('../../web/unit.mjs')] : ['--test', at(`./${name}.test.mjs`)];
process.exit(spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1);
