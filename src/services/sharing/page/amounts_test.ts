// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aroundAmounts } from './amounts';

const amounts = (text: string) => aroundAmounts(text).filter((_, i) => i % 2 === 1);

test('an amount keeps its digits and its unit together, in half and full width', () => {
  assert.deepEqual(amounts('ジャヌビア錠５０ｍｇ, メトグルコ錠250mg'), ['５０ｍｇ', '250mg']);
  assert.deepEqual(amounts('血糖 135 mg/dL, HbA1c(NGSP) 6.3 %'), ['135 mg/dL', '1c', '6.3 %']);
  assert.deepEqual(amounts('ロスバスタチン錠2.5mg'), ['2.5mg']);
});

test('no text is lost or changed', () => {
  for (const text of ['', '変わりなし', '５０', 'a1b2', '1回1錠 1日2回'])
    assert.equal(aroundAmounts(text).join(''), text);
});
