// SPDX-License-Identifier: MIT
// Control flow of every kind, for the meter to count.

let sink: i64 = 0;

export function loops(n: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j += 3) {
      if (j & 1) continue;
      if (sum > 100000) break;
      sum += j ^ i;
    }
    if (sum == 77) return -1;
  }
  return sum;
}

export function switches(n: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    switch ((i * 7) % 6) {
      case 0: sum += 1; break;
      case 1: sum += 20;
      case 2: sum ^= 3; break;
      case 4: if (i > 50) return sum; sum--; break;
      default: sum <<= 1; sum &= 0xffff;
    }
  }
  return sum;
}

function collatz(n: i32, depth: i32): i32 {
  if (n <= 1 || depth > 200) return depth;
  return n & 1 ? collatz(3 * n + 1, depth + 1) : collatz(n >> 1, depth + 1);
}
export function recursion(n: i32): i32 {
  return collatz(n + 2, 0);
}

type Operation = (a: i32) => i32;
const operations: Operation[] = [(a: i32): i32 => a + 1, (a: i32): i32 => a * 3, (a: i32): i32 => { let b = a; while (b > 10) b -= 7; return b; }];
export function indirect(n: i32): i32 {
  let value = n;
  for (let i = 0; i < 20; i++) value = operations[i % 3](value & 0xfff);
  return value;
}

export function wide(n: i32): i32 {
  let a: i64 = n;
  let x: f64 = n;
  let y: f32 = 0.5;
  for (let i = 0; i < (n & 63); i++) {
    a = a * 6364136223846793005 + 1442695040888963407;
    x = Math.sqrt(x * x + 1);
    y = y * 0.75 + <f32>x;
    sink = select<i64>(a, sink, x > 3);
  }
  return <i32>(a >> 33) ^ <i32>x ^ <i32>y;
}
