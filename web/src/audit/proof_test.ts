// SPDX-License-Identifier: Apache-2.0
// The proof below is what `kumihimo audit prove` printed for entry 17 of 50 that a test had made.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { check, type Proof } from './proof';

if (!('crypto' in globalThis)) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });

const key = 'node.example/audit+b14d0f01+AXs+vDtTc1ugWyTe9p8+vTkvGGvmAqeKzobtugNXE8QI';
const good: Proof = {
  index: 17,
  salt: '7gf7IkGhbkoBv1Po/m6QKw==',
  entry:
    '{"at":1775000000017,"kind":"read","outcome":"ok","agent":{"id":"staff-1","role":"physician"},"route":"/fhir/{type}/{id}","charts":[17],"shown":[["Observation","o-17/1"]]}',
  commit: 'u51Qz5ttqJwBucSq247a05jiMg07Wolzryky/3xwVAk=',
  path: [
    'iIQ2usIBvqfljrdbIVG/GYaLp1AhM/W7wIy2IoGbx1I=',
    'jEZg9G5Ii1ZfWBCcuTEoZMmeQ5/yeC2DxqFzJ/c+Ia0=',
    'HDP5Z6m3ZCY78yVdwf57HyM5EDZ7/yc6T+W2mlfV2xQ=',
    'M3GqTJBOXtwdwpzakj4to6yLXI17ocIAMQvfxGWBBlo=',
    'vQXhxpAxhJBcriyDYwlEwgA439PgkEk8Wd38lj62Z2I=',
    'v4xfAV1B5Io/s73Djv1gJn853FMgSrwdeS9bqc1Sdc8=',
  ],
  checkpoint:
    'node.example/audit\n50\niGTGE/2t0Owm9kK4DyfzLud7ywJVov2C67tOwuTd3pc=\n2026-11-27T04:39:17.770Z\n\n— node.example/audit sU0PAbS/O6mpAvsy0c6XunZ4Rc4N9nlxe69araMw7Acs6VuoMXOImcVgKo5CiR3l0z3OCuBfdxIkoteO5b0fX1bugAw=\n',
};

function turned(base64: string): string {
  return (base64[0] === 'A' ? 'B' : 'A') + base64.slice(1);
}

test('an entry of the signed tree is proved', async () => {
  assert.equal(await check(good, key), 'proved');
});

test('another text, salt or place is not', async () => {
  assert.equal(await check({ ...good, entry: good.entry!.replace('physician', 'clerk') }, key), 'entry');
  assert.equal(await check({ ...good, salt: turned(good.salt!) }, key), 'entry');
  for (let index = 0; index < 60; index++)
    if (index !== good.index) assert.equal(await check({ ...good, index }, key), 'tree');
});

test('each step of the path counts, and none may be missing or added', async () => {
  for (let i = 0; i < good.path.length; i++) {
    const other = good.path.map((step, k) => (k === i ? turned(step) : step));
    assert.equal(await check({ ...good, path: other }, key), 'tree');
    assert.equal(await check({ ...good, path: good.path.filter((_, k) => k !== i) }, key), 'tree');
  }
  assert.equal(await check({ ...good, path: [...good.path, good.path[0]!] }, key), 'tree');
});

test('no letter of the checkpoint can be another', async () => {
  for (let i = 0; i < good.checkpoint.length; i++) {
    const letter = good.checkpoint[i] === 'x' ? 'y' : 'x';
    const checkpoint = good.checkpoint.slice(0, i) + letter + good.checkpoint.slice(i + 1);
    assert.notEqual(await check({ ...good, checkpoint }, key), 'proved');
  }
});

test('only the key that was given out counts', async () => {
  for (let i = 0; i < key.length; i++) {
    const letter = key[i] === 'b' ? 'c' : 'b';
    assert.notEqual(await check(good, key.slice(0, i) + letter + key.slice(i + 1)), 'proved');
  }
});

test('an entry that was purged still has its place', async () => {
  const { entry: _entry, salt: _salt, ...purged } = good;
  assert.equal(await check(purged, key), 'purged');
});
