// SPDX-License-Identifier: Apache-2.0
// The screens of the service "sharing": people to choose from, and a person's timeline.
import type { Page } from '@shell/pages';
import './page.css';
import './calendar.css';
import './details.css';
import './print.css';
import { Persons } from './persons';
import { TimelinePage } from './timeline';

export const pages: Page[] = [
  { path: '/', show: Persons },
  { path: '/person/:person', show: TimelinePage },
];
