// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnPath } from './then';
import { bytesOf, textOf } from './webauthn';

test('bytes survive being written and read', () => {
  for (let n = 0; n < 300; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 37 + n * 11) % 256);
    const text = textOf(bytes);
    assert.match(text, /^[A-Za-z0-9_-]*$/);
    assert.deepEqual(bytesOf(text), bytes);
  }
});

test('only a path of this node is gone to after signing in', () => {
  for (const path of ['/', '/authorize?client_id=a&redirect_uri=https%3A%2F%2Fb', '/#/person/1'])
    assert.equal(isOwnPath(path), true, path);
  for (const path of ['', '//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:x', '/a\nb'])
    assert.equal(isOwnPath(path), false, path);
});
