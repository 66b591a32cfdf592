// SPDX-License-Identifier: Apache-2.0
// Where the amounts in a text are. Japanese text may be cut anywhere, also within ５０ｍｇ when it
// is written in full width; a line that ends in "5" and goes on with "0mg" is misread.

const amount = /([0-9０-９][0-9０-９.,．，]*(?:\s?[A-Za-zＡ-Ｚａ-ｚµμ%％℃㎎㎏㎖㎗]+(?:[/／][A-Za-zＡ-Ｚａ-ｚ]+)?)?)/u;

/** The text in pieces: every second one, from the second on, is an amount to be kept in one line. */
export function aroundAmounts(text: string): string[] {
  return text.split(amount);
}
