// SPDX-License-Identifier: Apache-2.0
// The screens of the service "emergency": finding who lies there, breaking the glass, the one
// screen; the queue of reviews; notices.
import type { Page } from '@shell/pages';
import './page.css';
import { FindPage } from './find';
import { NoticesPage, ReviewsPage } from './queue';
import { ScreenPage } from './screen';

export const pages: Page[] = [
  { path: '/emergency', show: FindPage },
  { path: '/emergency/:person', show: ScreenPage },
  { path: '/emergency-reviews', show: ReviewsPage },
  { path: '/notices', show: NoticesPage },
  { path: '/notices/:person', show: NoticesPage },
];
