// SPDX-License-Identifier: Apache-2.0
// The screens of the service "signin": coming in, coming back from a provider, one's own passkeys.
import type { Page } from '@shell/pages';
import './page.css';
import { Account } from './account';
import { Return } from './return';
import { SignIn } from './signin';

export const pages: Page[] = [
  { path: '/sign-in', show: SignIn },
  { path: '/sign-in/return', show: Return },
  { path: '/account', show: Account },
];
