// SPDX-License-Identifier: Apache-2.0
// Text whose amounts are never cut at the end of a line.
import { aroundAmounts } from './amounts';

export function Unbroken({ text }: { text: string }) {
  return aroundAmounts(text).map((piece, i) =>
    i % 2 === 1 ? (
      <span key={i} className="amount">
        {piece}
      </span>
    ) : (
      piece
    ),
  );
}
