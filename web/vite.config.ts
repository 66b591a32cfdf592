// SPDX-License-Identifier: Apache-2.0
// Builds the shell and the pages of every service into web/dist. The server's policy is
// default-src 'self', so nothing is inlined: no data: addresses, no scripts or styles in the page.
import react from '@vitejs/plugin-react';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** web/dist/licences.txt: who wrote what the scripts contain, and under which terms. */
function licences(): Plugin {
  const folderOf = (module: string) => /\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];
  const textOf = (folder: string) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)(\.\w+)?$/i.test(file));
    const texts = files.sort().map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim());
    return [`${name} ${version} (${license})`, ...texts].join('\n\n');
  };
  return {
    name: 'licences',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
      const folders = new Set(modules.map(folderOf).filter((folder) => folder !== undefined));
      const source = [...folders]
        .sort()
        .map(textOf)
        .join(`\n\n${'-'.repeat(100)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `${source}\n` });
    },
  };
}

export default defineConfig({
  plugins: [react(), licences()],
  resolve: {
    alias: { '@audit': at('src/audit'), '@shell': at('src/shell'), '@i18n': at('src/i18n') },
    // A service's page lies outside web/, where no node_modules is on the way up.
    dedupe: ['react', 'react-dom', 'echarts'],
  },
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    fs: { allow: ['..'] },
    proxy: Object.fromEntries(
      ['/api', '/session', '/sign-in'].map((path) => [path, process.env['KUMIHIMO_URL'] ?? 'http://127.0.0.1:8080']),
    ),
  },
});
