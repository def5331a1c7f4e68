// SPDX-License-Identifier: MIT
// Work with every kind of value, memory of its own, calls, recursion and a table: what interrupts pre-empt, and what they run.

function twice(x: i32): i32 {
  return x * 2;
}
function next(x: i32): i32 {
  return x + 1;
}
const steps: Array<(x: i32) => i32> = [twice, next];

function depth(n: i32, x: i64): i64 {
  return n == 0 ? x : depth(n - 1, x ^ (<i64>n << n)) + n;
}

/** Computes from `seed`, with 64 bytes at `base` that nobody else may touch meanwhile. */
export function work(base: usize, seed: u32): u64 {
  let a = <i32>seed;
  let b = <u64>seed * 0x9e3779b97f4a7c15;
  let c = <f32>(seed & 0xffff) * 0.001;
  let d = <f64>seed;
  for (let i = 0; i < 4; i++) {
    store<u64>(base + (<usize>(a & 7) << 3), b);
    a = steps[i & 1](a ^ load<i32>(base + (<usize>(i & 15) << 2)));
    b = rotl<u64>(b, a & 63) + <u64>depth(i & 3, <i64>b);
    c = Mathf.sqrt(abs<f32>(c * 1.5 - <f32>i)) + <f32>(a & 255);
    d = d * 0.5 + <f64>c;
    if (b & 1) a += <i32>c;
  }
  return b ^ (<u64>a << 32) ^ <u64>reinterpret<u32>(c) ^ reinterpret<u64>(d);
}
