// SPDX-License-Identifier: Apache-2.0
// Builds the shell and the pages of every service into web/dist. The server's policy is
// default-src 'self', so nothing is inlined: no data: addresses, no scripts or styles in the page.
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { '@shell': at('src/shell'), '@i18n': at('src/i18n') },
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
    proxy: { '/api': process.env['KUMIHIMO_URL'] ?? 'http://127.0.0.1:8080' },
  },
});
