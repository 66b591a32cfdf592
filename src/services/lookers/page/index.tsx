// SPDX-License-Identifier: Apache-2.0
// The screen of the service "lookers": who looked at the record, one's own or of a person that the
// reader may ask about.
import type { Page } from '@shell/pages';
import './page.css';
import { LookersPage } from './lookers';

export const pages: Page[] = [
  { path: '/lookers', show: LookersPage },
  { path: '/lookers/:person', show: LookersPage },
];
