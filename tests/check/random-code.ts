// SPDX-License-Identifier: MIT
// Random functions with loops, as WebAssembly text: counters up and down, bits, shifts, pointers, early exits, switches, calls.

/** A stream of random numbers (Park and Miller's generator), the same for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = (seed % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

const COUNTERS = 6;

/**
 * A module that exports `f`, of two i32 parameters, and a helper that it may call; both have loops, which nearly always end. Memory holds 4 KiB.
 * Locals: 0 and 1 the parameters, 2 to 4 values, from 5 on a counter for each depth of loops, then its limit.
 */
export function randomModule(seed: number): string {
  const below = randomNumbers(seed);
  const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)];
  let labels = 0;

  const value = (): string => `(local.get ${below(5)})`;
  const expression = (depth: number): string => {
    if (depth === 0) return below(2) ? value() : `(i32.const ${pick(0, 1, 2, 3, 7, 31, 255, -1, -5, 1000)})`;
    const [a, b] = [expression(depth - 1), expression(depth - 1)];
    switch (below(10)) {
      case 0: return `(i32.load8_u (i32.and ${a} (i32.const 1023)))`;
      case 1: return `(i32.load (i32.and ${a} (i32.const 1020)))`;
      case 2: return `(select ${a} ${b} ${condition(depth - 1)})`;
      case 3: return `(i32.and ${a} (i32.const ${pick(1, 7, 15, 31)}))`;
      default: return `(i32.${pick('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_u', 'shr_s')} ${a} ${b})`;
    }
  };
  const condition = (depth: number): string => `(i32.${pick('lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'ge_u', 'eq', 'ne')} ${expression(depth)} ${expression(depth)})`;

  /** A number that is small whatever comes in. */
  const small = (): string => {
    switch (below(6)) {
      case 0: return `(i32.and ${value()} (i32.const ${pick(3, 7, 15)}))`;
      case 1: return `(i32.rem_u ${value()} (i32.const ${1 + below(12)}))`;
      case 2: return `(select (i32.const 9) (local.get 2) (i32.gt_u (local.get 2) (i32.const 9)))`;
      case 3: return `(i32.shr_u (i32.load8_u (i32.and ${value()} (i32.const 1023))) (i32.const 4))`;
      default: return `(i32.const ${below(12)})`;
    }
  };

  const statements = (depth: number, counter: number, calls: boolean): string => Array.from({ length: 1 + below(3) }, () => statement(depth, counter, calls)).join('\n');

  const statement = (depth: number, counter: number, calls: boolean): string => {
    const kind = depth === 0 ? below(3) : below(9);
    if (kind === 0) return `(local.set ${2 + below(3)} ${expression(2)})`;
    if (kind === 1) return `(i32.store (i32.and ${value()} (i32.const 1020)) ${expression(1)})`;
    if (kind === 2) return calls && below(2) ? `(local.set ${2 + below(3)} (call $helper ${small()} ${expression(1)}))` : `(local.set ${2 + below(3)} ${expression(1)})`;
    if (kind === 3) return `(if ${condition(1)} (then ${statements(depth - 1, counter, calls)}) ${below(2) ? `(else ${statements(depth - 1, counter, calls)})` : ''})`;
    if (kind === 4) {
      const [a, b, c] = [++labels, ++labels, ++labels];
      const end = `(br $l${c})`;
      return `(block $l${c} (block $l${b} (block $l${a} (br_table $l${a} $l${b} $l${c} ${expression(1)})) ${statements(depth - 1, counter, calls)} ${below(2) ? end : ''}) ${statements(depth - 1, counter, calls)})`;
    }
    return loop(depth, counter, calls);
  };

  const loop = (depth: number, counter: number, calls: boolean): string => {
    if (counter + 2 > 5 + COUNTERS) return `(local.set 2 ${expression(1)})`;
    const [exit, head, next] = [++labels, ++labels, ++labels];
    const i = `(local.get ${counter})`;
    const limit = `(local.get ${counter + 1})`;
    const step = pick(1, 1, 1, 2, 3, 4);
    const inner = statements(depth - 1, counter + 2, calls);
    const leave = below(3) === 0 ? `(br_if $l${exit} ${condition(1)})` : '';
    const skip = below(4) === 0 ? `(br_if $l${next} ${condition(1)})` : '';
    const body = `(block $l${next} ${inner} ${leave} ${skip} ${below(2) ? statements(0, counter + 2, calls) : ''})`;
    const more = below(4) === 0 ? `(if ${condition(0)} (then (local.set ${counter} (i32.add ${i} (i32.const ${1 + below(2)})))))` : '';
    switch (below(7)) {
      case 0: { // up to a limit, asked first
        const compare = pick('lt_s', 'lt_u', 'le_s', 'le_u');
        return `(local.set ${counter} (i32.const ${below(5)})) (local.set ${counter + 1} ${small()})
          (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.eqz (i32.${compare} ${i} ${limit}))) ${body} ${more} (local.set ${counter} (i32.add ${i} (i32.const ${step}))) (br $l${head})))`;
      }
      case 1: // up to a limit, asked last
        return `(local.set ${counter} (i32.const ${below(5)})) (local.set ${counter + 1} ${small()})
          (block $l${exit} (loop $l${head} ${body} ${more} (local.set ${counter} (i32.add ${i} (i32.const ${step}))) (br_if $l${head} (i32.${pick('lt_s', 'lt_u', 'le_s')} ${i} ${limit}))))`;
      case 2: // down to 0
        return `(local.set ${counter} ${small()})
          (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.${pick('le_s', 'lt_s')} ${i} (i32.const 0))) ${body} (local.set ${counter} (i32.sub ${i} (i32.const ${step}))) (br $l${head})))`;
      case 3: // until it is 0
        return `(local.set ${counter} ${small()})
          (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.eqz ${i})) ${body} (local.set ${counter} (i32.sub ${i} (i32.const 1))) (br $l${head})))`;
      case 4: { // bits, one by one
        const less = pick(`(i32.and ${i} (i32.sub ${i} (i32.const 1)))`, `(i32.shr_u ${i} (i32.const ${step}))`, `(i32.div_u ${i} (i32.const ${step + 1}))`);
        return `(local.set ${counter} ${expression(1)})
          (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.eqz ${i})) ${body} (local.set ${counter} ${less}) (br $l${head})))`;
      }
      case 5: // over memory
        return `(local.set ${counter} (i32.and ${value()} (i32.const 1020))) (local.set ${counter + 1} (i32.add ${i} (i32.shl ${small()} (i32.const 2))))
          (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.ge_u ${i} ${limit})) (i32.store ${i} ${expression(1)}) ${body} (local.set ${counter} (i32.add ${i} (i32.const ${pick(4, 8)}))) (br $l${head})))`;
      default: // two conditions
        return `(local.set ${counter} (i32.const 0)) (local.set ${counter + 1} ${small()})
          (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.eqz (i32.and (i32.lt_s ${i} ${limit}) ${condition(0)}))) ${body} (local.set ${counter} (i32.add ${i} (i32.const 1))) (br $l${head})))`;
    }
  };

  const locals = `(local ${'i32 '.repeat(3 + COUNTERS + 2)})`;
  const bodyOf = (calls: boolean): string => `${locals} ${statements(3, 5, calls)} (i32.add (local.get 2) (local.get 3))`;
  return `(module (memory (export "memory") 1 1)
    (func $helper (param i32 i32) (result i32) ${bodyOf(false)})
    (func $f (export "f") (param i32 i32) (result i32) ${bodyOf(true)}))`;
}
