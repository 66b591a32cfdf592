// SPDX-License-Identifier: Apache-2.0
// Runs the *_test.ts beside the pages with node's own test runner. Node 18 does not read
// TypeScript, so esbuild, which Vite stands on, makes one script of each first.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('.', import.meta.url));
const out = join(web, 'node_modules/.unit');

function tests(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return tests(path);
    return entry.name.endsWith('_test.ts') ? [path] : [];
  });
}

const entryPoints = [join(web, 'src'), join(web, '../src/services')].flatMap(tests);
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints,
  outdir: out,
  outbase: join(web, '..'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  sourcemap: 'inline',
  alias: { '@audit': join(web, 'src/audit'), '@shell': join(web, 'src/shell'), '@i18n': join(web, 'src/i18n') },
  logLevel: 'warning',
});
const scripts = entryPoints.map((path) => join(out, path.slice(join(web, '..').length)).replace(/\.ts$/, '.mjs'));
const ran = spawnSync(process.execPath, ['--test', ...scripts], { stdio: 'inherit' });
process.exit(ran.status ?? 1);
