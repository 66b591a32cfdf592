// SPDX-License-Identifier: Apache-2.0
import '@shell/shell.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { LanguageProvider } from '@i18n/language';
import { SessionProvider } from '@shell/session';
import { Shell } from '@shell/shell';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <LanguageProvider>
      <SessionProvider>
        <Shell />
      </SessionProvider>
    </LanguageProvider>
  </StrictMode>,
);
