// SPDX-License-Identifier: Apache-2.0
// The entry and its proof are those that `kumihimo audit prove` printed for entry 17 of 50 that a
// test had made.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import type { Looker } from './contract';
import { agrees, judge } from './verdict';

if (!('crypto' in globalThis)) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });

const page = {
  key: 'node.example/audit+b14d0f01+AXs+vDtTc1ugWyTe9p8+vTkvGGvmAqeKzobtugNXE8QI',
  checkpoint:
    'node.example/audit\n50\niGTGE/2t0Owm9kK4DyfzLud7ywJVov2C67tOwuTd3pc=\n2026-11-27T04:39:17.770Z\n\n— node.example/audit sU0PAbS/O6mpAvsy0c6XunZ4Rc4N9nlxe69araMw7Acs6VuoMXOImcVgKo5CiR3l0z3OCuBfdxIkoteO5b0fX1bugAw=\n',
};
const text =
  '{"at":1775000000017,"kind":"read","outcome":"ok","agent":{"id":"staff-1","role":"physician"},"route":"/fhir/{type}/{id}","charts":[17],"shown":[["Observation","o-17/1"]]}';
const line: Looker = {
  index: 17,
  at: new Date(1775000000017).toISOString(),
  kind: 'read',
  outcome: 'ok',
  role: 'physician',
  agent: 'staff-1',
  name: '',
  shown: { Observation: 1 },
  salt: '7gf7IkGhbkoBv1Po/m6QKw==',
  entry: text,
  commit: 'u51Qz5ttqJwBucSq247a05jiMg07Wolzryky/3xwVAk=',
  path: [
    'iIQ2usIBvqfljrdbIVG/GYaLp1AhM/W7wIy2IoGbx1I=',
    'jEZg9G5Ii1ZfWBCcuTEoZMmeQ5/yeC2DxqFzJ/c+Ia0=',
    'HDP5Z6m3ZCY78yVdwf57HyM5EDZ7/yc6T+W2mlfV2xQ=',
    'M3GqTJBOXtwdwpzakj4to6yLXI17ocIAMQvfxGWBBlo=',
    'vQXhxpAxhJBcriyDYwlEwgA439PgkEk8Wd38lj62Z2I=',
    'v4xfAV1B5Io/s73Djv1gJn853FMgSrwdeS9bqc1Sdc8=',
  ],
};

test('a line that says what its proved text says is proved', async () => {
  assert.equal(await judge(line, page), 'proved');
});

test('a line that says anything else than its text is untrue, whatever the proof', async () => {
  const lies: Partial<Looker>[] = [
    { at: '2020-01-01T00:00:00.000Z' },
    { kind: 'search' },
    { outcome: 'FORBIDDEN' },
    { role: 'clinician' },
    { organisation: 'Organization/1' },
    { purpose: 'TREAT' },
    { agent: 'staff-2' },
    { name: '別人' },
    { client: 'app' },
    { emergency: true },
    { unexplained: true },
    { shown: {} },
    { shown: { Observation: 2 } },
    { shown: { Observation: 1, Patient: 1 } },
  ];
  for (const lie of lies) assert.equal(await judge({ ...line, ...lie }, page), 'untrue', JSON.stringify(lie));
});

test('a text of which a letter is another is not the entry', async () => {
  assert.equal(await judge({ ...line, entry: text.replace('staff-1', 'staff-2') }, page), 'entry');
});

test('without its text an entry is sealed only where the node says why it withholds it', async () => {
  const { salt: _salt, entry: _entry, ...bare } = line;
  assert.equal(await judge({ ...bare, withheld: 'others' }, page), 'sealed');
  assert.equal(await judge(bare, page), 'entry');
  assert.equal(await judge({ ...bare, withheld: 'others', index: 16 }, page), 'tree');
});

test('what is not signed for yet is pending, and another key signs nothing', async () => {
  const { path: _path, ...unsigned } = line;
  assert.equal(await judge(unsigned, page), 'pending');
  const other = 'node.example/audit+00000000+AXs+vDtTc1ugWyTe9p8+vTkvGGvmAqeKzobtugNXE8QI';
  assert.equal(await judge(line, { ...page, key: other }), 'signature');
});

test('what is no entry agrees with nothing', () => {
  assert.equal(agrees(line, ''), false);
  assert.equal(agrees(line, '{}'.slice(1)), false);
});
