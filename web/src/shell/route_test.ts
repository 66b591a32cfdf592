// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPath, readPlace, writePlace } from './route';

test('a place survives being written and read', () => {
  for (const query of [{}, { month: '2019-05' }, { event: 'lab:3:2019-05-07', trend: 'http://a|b&c=d' }]) {
    const place = { path: '/person/12', query };
    assert.deepEqual(readPlace(writePlace(place)), place);
  }
});

test('an empty address is the start page', () => {
  assert.deepEqual(readPlace(''), { path: '/', query: {} });
  assert.deepEqual(readPlace('#'), { path: '/', query: {} });
});

test('a value that is empty is not written', () => {
  assert.equal(writePlace({ path: '/', query: { a: '', b: '1' } }), '#/?b=1');
});

test('a pattern matches only paths of its own shape', () => {
  assert.deepEqual(matchPath('/person/:id', '/person/a%2Fb'), { id: 'a/b' });
  for (const path of ['/', '/person', '/person/', '/person/1/2', '/other/1', '/person/%']) {
    assert.equal(matchPath('/person/:id', path), null);
  }
});
