// SPDX-License-Identifier: Apache-2.0
// A service's screen lives in its own folder as page/index.tsx and exports `pages`; the shell
// finds it there, so a new service adds no line here.
import type { ComponentType } from 'react';

export interface Page {
  /** As in matchPath: "/person/:person". */
  path: string;
  show: ComponentType<PageProps>;
}

export interface PageProps {
  parts: Record<string, string>;
  query: Record<string, string>;
}

const found = import.meta.glob<{ pages: Page[] }>('../../../src/services/*/page/index.tsx', {
  eager: true,
});

export const pages: Page[] = Object.values(found).flatMap((service) => service.pages);
