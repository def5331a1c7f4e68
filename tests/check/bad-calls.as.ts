// SPDX-License-Identifier: MIT
// A spec that calls code which says of its loop what holds for some arguments only: see tests/check/firmware-bounds.spec.ts.

function bitsOf(word: u32): i32 {
  let bits = 0;
  // @bound(3)
  for (let rest = word; rest != 0; rest &= rest - 1) bits++;
  return bits;
}

describe("bits", () => {
  it("of three", () => {
    expect<i32>(bitsOf(7)).toBe(3);
  });
  it("of four", () => {
    expect<i32>(bitsOf(15)).toBe(4);
  });
});
