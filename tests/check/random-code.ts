// SPDX-License-Identifier: MIT
// Random functions with loops, as WebAssembly text: counters of 32 and 64 bits up and down, at both ends of their ranges too, with limits that move, steps that
// miss and steps that pass over the end, bits, shifts, pointers, low bits, counters that go on from loop to loop or that loops share, of which only low bits are asked for, that are added to an address, conditions of two parts, counters in memory and in globals, early exits, switches, calls, blocks of memory.

/** A stream of random numbers (Park and Miller's generator), the same for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = (seed % 2147483646) + 1;
  const next = (): number => (state = (state * 48271) % 2147483647);
  next();
  return (below) => next() % below;
}

/** Counters and limits of loops inside of each other. */
const COUNTERS = 6;
/** Locals: two parameters, three values, then a counter and a limit for each depth of loops, then as many of 64 bits. */
const FIRST_COUNTER = 5;
const FIRST_LONG = FIRST_COUNTER + 2 * COUNTERS;
const LONGS = 2 + COUNTERS;

/** Numbers at which something wraps round, or nearly. */
const ENDS = [2 ** 31 - 1, 2 ** 31 - 5, 2 ** 31 - 20, -(2 ** 31), -(2 ** 31) + 3, -1, -12] as const;

/**
 * A module that exports `f`, of two i32 parameters, and three helpers that it may call; all have loops, most of which end. Memory holds 64 KiB, the first
 * KiB of which is read and written; two globals count.
 * @param hasOneLoop whether `f` is a loop, or two in each other, and nothing more: nearly half of those have a bound, where of larger functions one loop without it is enough
 */
export function randomModule(seed: number, hasOneLoop = false): string {
  const below = randomNumbers(seed);
  const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)];
  const oneIn = (n: number): boolean => below(n) === 0;
  let labels = 0;
  /** Helpers that may be called: those behind the one that is being written. */
  let helpers: readonly string[] = [];

  const value = (): string => (oneIn(12) ? `(global.get $g${below(2)})` : `(local.get ${below(5)})`);
  const long = (): string => `(local.get ${FIRST_LONG + below(2)})`;
  const expression = (depth: number): string => {
    if (depth === 0) return below(2) ? value() : `(i32.const ${pick(0, 1, 2, 3, 7, 31, 255, -1, -5, 1000, ...ENDS)})`;
    const [a, b] = [expression(depth - 1), expression(depth - 1)];
    switch (below(14)) {
      case 0: return `(i32.load8_u (i32.and ${a} (i32.const 1023)))`;
      case 1: return `(i32.load (i32.and ${a} (i32.const 1020)))`;
      case 2: return `(select ${a} ${b} ${condition(depth - 1)})`;
      case 3: return `(i32.and ${a} (i32.const ${pick(1, 7, 15, 31, -8)}))`;
      case 4: return `(i32.${pick('load8_s', 'load16_s', 'load16_u')} (i32.and ${a} (i32.const 1022)))`;
      case 5: return `(i32.${pick('extend8_s', 'extend16_s', 'clz', 'ctz', 'popcnt', 'eqz')} ${a})`;
      case 6: return `(i32.${pick('div_s', 'div_u', 'rem_s', 'rem_u')} ${a} (i32.const ${pick(1, 2, 3, 10, -1, -7, 2 ** 31 - 1)}))`;
      case 7: return pick(`(i32.wrap_i64 ${wide(depth - 1)})`, `(i32.trunc_sat_f32_s (f32.mul (f32.convert_i32_s ${a}) (f32.const 0.37)))`);
      default: return `(i32.${pick('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_u', 'shr_s', 'rotl')} ${a} ${b})`;
    }
  };
  const wide = (depth: number): string => {
    if (depth === 0) return pick(long(), `(i64.const ${pick(0, 1, 5, -1, 2 ** 33, 2 ** 40 + 3)})`, `(i64.extend_i32_${pick('s', 'u')} ${value()})`);
    return `(i64.${pick('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_u', 'shr_s')} ${wide(depth - 1)} ${wide(depth - 1)})`;
  };
  const COMPARISONS = ['lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u', 'eq', 'ne'] as const;
  const condition = (depth: number): string => {
    switch (below(12)) {
      case 9: return `(local.get ${2 + below(3)})`;
      case 10: return both(condition(0), pick(condition(0), value()));
      case 11: return either(condition(0), pick(condition(0), value()));
      case 0: return `(i64.${pick(...COMPARISONS)} ${wide(depth)} ${wide(depth)})`;
      case 1: return `(f32.${pick('lt', 'gt', 'ne')} (f32.convert_i32_s ${expression(depth)}) (f32.const ${below(100)}.5))`;
      case 2: return `(i32.${pick('and', 'or', 'xor')} ${condition(0)} ${pick(condition(0), '(i32.const 1)')})`;
      case 3: return `(i32.eqz ${pick(condition(0), expression(depth))})`;
      default: return `(i32.${pick(...COMPARISONS)} ${expression(depth)} ${expression(depth)})`;
    }
  };

  /** Two conditions the ways that `&&` and `||` are compiled to: what the second one gives need not be 0 or 1. */
  const both = (a: string, b: string): string => pick(`(select ${b} (i32.const 0) ${a})`, `(if (result i32) ${a} (then ${b}) (else (i32.const 0)))`, `(if (result i32) (i32.eqz ${a}) (then (i32.const 0)) (else ${b}))`, `(i32.and ${a} ${b})`);
  const either = (a: string, b: string): string => pick(`(select (i32.const ${pick(1, 1, 5, -1)}) ${b} ${a})`, `(if (result i32) ${a} (then (i32.const 1)) (else ${b}))`, `(select ${b} (i32.const 1) (i32.eqz ${a}))`, `(i32.or ${a} ${b})`);

  /** A number that is small whatever comes in. */
  const small = (): string => {
    switch (below(8)) {
      case 0: return `(i32.and ${value()} (i32.const ${pick(3, 7, 15)}))`;
      case 1: return `(i32.rem_u ${value()} (i32.const ${1 + below(12)}))`;
      case 2: return `(select (i32.const 9) (local.get 2) (i32.${pick('gt_u', 'gt_s')} (local.get 2) (i32.const 9)))`;
      case 3: return `(i32.shr_u (i32.load8_u (i32.and ${value()} (i32.const 1023))) (i32.const 4))`;
      case 4: return `(i32.rem_s ${value()} (i32.const ${1 + below(12)}))`;
      case 5: return `(i32.sub (i32.and ${value()} (i32.const 15)) (i32.and ${value()} (i32.const 7)))`;
      default: return `(i32.const ${below(12)})`;
    }
  };
  /** Where counting may begin or end: something small, or that far from an end. */
  const place = (): string => (oneIn(5) ? `(i32.add ${small()} (i32.const ${pick(...ENDS)}))` : oneIn(16) ? expression(1) : small());

  const statements = (depth: number, level: number): string => Array.from({ length: 1 + below(3) }, () => statement(depth, level)).join('\n');

  const statement = (depth: number, level: number): string => {
    const kind = depth === 0 ? below(5) : below(12);
    if (oneIn(20)) return `(local.set ${2 + below(3)} ${condition(1)})`;
    if (kind === 0) return oneIn(6) ? `(global.set $g${below(2)} ${expression(1)})` : `(local.set ${2 + below(3)} ${expression(2)})`;
    if (kind === 1) return `(i32.store${pick('', '8', '16')} (i32.and ${value()} (i32.const 1020)) ${expression(1)})`;
    if (kind === 2 && helpers.length > 0) return `(local.set ${2 + below(3)} (call ${pick(...helpers)} ${pick(small(), small(), expression(1))} ${expression(1)}))`;
    if (kind === 3) return `(local.set ${FIRST_LONG + below(2)} ${wide(1)})`;
    if (kind <= 4) return `(local.set ${2 + below(3)} ${expression(1)})`;
    if (kind === 5) return `(if ${condition(1)} (then ${statements(depth - 1, level)}) ${below(2) ? `(else ${statements(depth - 1, level)})` : ''})`;
    if (kind === 6) {
      const [a, b, c] = [++labels, ++labels, ++labels];
      return `(block $l${c} (block $l${b} (block $l${a} (br_table $l${a} $l${b} $l${c} ${expression(1)})) ${statements(depth - 1, level)} ${below(2) ? `(br $l${c})` : ''}) ${statements(depth - 1, level)})`;
    }
    if (kind === 7) {
      if (!oneIn(4)) return `(if ${condition(1)} (then (return ${expression(1)})))`;
      const size = pick(`(i32.const ${below(200)})`, `(i32.and ${value()} (i32.const 63))`, expression(1));
      return pick(`(memory.fill (i32.const 512) ${value()} ${size})`, `(memory.copy (i32.const 512) (i32.and ${value()} (i32.const 255)) ${size})`);
    }
    return level < COUNTERS ? (oneIn(4) ? longLoop(depth, level) : loop(depth, level)) : `(local.set 2 ${expression(1)})`;
  };

  /** A loop around statements: what comes first, what is asked at its head and its tail (to go on), what moves. */
  const around = (depth: number, level: number, first: string, ask: string, move: string, more = ''): string => {
    const [exit, head, next] = [++labels, ++labels, ++labels];
    const inner = statements(depth - 1, level + 1);
    const leave = oneIn(3) ? `(br_if $l${exit} ${condition(1)})` : '';
    const skip = oneIn(4) ? `(br_if $l${next} ${condition(1)})` : '';
    const body = `(block $l${next} ${inner} ${leave} ${skip} ${below(2) ? statements(0, level + 1) : ''}) ${more}`;
    const again = oneIn(9) ? `(br_if $l${head} ${condition(1)})` : '';
    switch (below(5)) {
      case 0: return `${first} (block $l${exit} (loop $l${head} ${body} ${move} (br_if $l${head} ${ask})))`;
      case 1: return `${first} (block $l${exit} (loop $l${head} ${move} (br_if $l${exit} (i32.eqz ${ask})) ${body} ${again} (br $l${head})))`;
      case 2: return `${first} (block $l${exit} (loop $l${head} (if ${ask} (then ${body} ${move} (br $l${head})))))`;
      default: return `${first} (block $l${exit} (loop $l${head} (br_if $l${exit} (i32.eqz ${ask})) ${body} ${move} (br $l${head})))`;
    }
  };

  const loop = (depth: number, level: number): string => {
    const counter = FIRST_COUNTER + 2 * level;
    const [i, limit] = [`(local.get ${counter})`, `(local.get ${counter + 1})`];
    const step = pick(1, 1, 1, 2, 3, 4, 7, oneIn(6) ? 2 ** 30 : 1, oneIn(6) ? 2 ** 31 - 1 : 2);
    const set = (what: string): string => `(local.set ${counter} ${what})`;
    const more = oneIn(4) ? `(if ${condition(0)} (then ${set(`(i32.add ${i} (i32.const ${pick(1, 2, -1, 20)}))`)}))` : '';
    const limitMoves = oneIn(5) ? `(local.set ${counter + 1} (i32.${pick('add', 'sub')} ${limit} (i32.const ${1 + below(2)})))` : '';
    const also = (ask: string): string => {
      switch (below(8)) {
        case 0: return `(i32.${pick('and', 'and', 'or')} ${ask} ${condition(0)})`;
        case 1: { const more = pick(condition(0), value()); return pick(both(ask, more), both(more, ask), either(ask, more)); }
        case 2: { // asked first, and remembered
          const flag = 2 + below(3);
          return `(block (result i32) (local.set ${flag} ${both(ask, condition(0))}) ${oneIn(3) ? statement(0, level) : ''} (local.get ${flag}))`;
        }
        default: return ask;
      }
    };
    const start = `${set(place())} (local.set ${counter + 1} ${place()})`;
    switch (below(15)) {
      case 13: { // of which only the low bits count, as of a counter of 8 or 16 bits
        const cut = `(i32.and ${pick(i, i, `(i32.add ${i} (i32.const ${pick(1, -1, 3, 200)}))`)} (i32.const ${pick(255, 255, 65535, 15)}))`;
        const end = pick(limit, `(i32.const ${pick(0, 1, 5, 9, 14, 15, 60, 240, 252, 255)})`, `(i32.and ${value()} (i32.const ${pick(7, 255)}))`);
        const ask = `(i32.${pick('lt_u', 'lt_u', 'le_u', 'lt_s', 'le_s', 'gt_u', 'gt_u', 'ge_u', 'gt_s', 'ge_s', 'ne')} ${pick(`${cut} ${end}`, `${end} ${cut}`)})`;
        const moved = `(i32.${pick('add', 'sub')} ${i} ${pick(`(i32.const ${pick(1, 1, 2, 3, 7, 9, 100)})`, `(i32.add (i32.const 1) (i32.and ${value()} (i32.const 3)))`)})`;
        return around(depth, level, start, also(ask), set(oneIn(4) ? `(i32.and ${moved} (i32.const ${pick(255, 65535)}))` : moved), more);
      }
      case 14: { // an index from a place in memory, from loop to loop
        const put = `(i32.store8 (i32.add ${i} (i32.const ${pick(16, 256, 600)})) ${value()})`;
        const on = (by: number, ask: string): string => around(0, level, '', also(ask), `${set(`(i32.sub ${i} (i32.const ${by}))`)} ${pick(put, put, '')}`, oneIn(5) ? more : '');
        const places = pick(i, `(i32.add ${i} ${value()})`, `(i32.add ${i} (i32.const ${pick(16, 3)}))`);
        return `${set(pick(small(), `(i32.const ${pick(41, 256, 17)})`, place()))} ${on(1, `(i32.and ${places} (i32.const 7))`)} ${on(8, `(i32.${pick('ge_u', 'ge_s', 'gt_u')} ${i} (i32.const ${pick(8, 8, 7, 16)}))`)} ${on(pick(1, 1, 2), pick(i, `(i32.ne ${i} (i32.const 0))`, `(i32.ge_s ${i} (i32.const 1))`))}`;
      }
      case 10: { // until the low bits are 0
        const bits = `(i32.and ${pick(i, i, `(i32.add ${i} (i32.const ${below(9)}))`)} (i32.const ${pick(1, 3, 7, 15, 6)}))`;
        return around(depth, level, set(pick(value(), place())), also(pick(bits, `(i32.ne ${bits} (i32.const 0))`)), set(`(i32.${pick('add', 'sub')} ${i} (i32.const ${pick(1, 1, 1, 2, -1)}))`), more);
      }
      case 11: { // what one loop leaves another one goes on with, as copies do: one by one to a place, then in greater steps, then the rest
        const down = (by: number, ask: string): string => around(0, level, '', also(ask), set(`(i32.sub ${i} (i32.const ${by}))`), oneIn(6) ? more : '');
        const [by, ones] = [pick(2, 4, 8), pick(i, `(i32.ne ${i} (i32.const 0))`, `(i32.gt_s ${i} (i32.const 0))`)];
        return `${set(small())} ${down(1, both(ones, `(i32.and (i32.add ${i} ${value()}) (i32.const ${by - 1}))`))} ${down(by, `(i32.${pick('ge_u', 'ge_s', 'gt_u')} ${i} (i32.const ${by}))`)} ${down(1, ones)}`;
      }
      case 12: { // a loop that counts with the counter of the one around it
        if (level === 0) return around(depth, level, start, also(`(i32.lt_s ${i} ${limit})`), set(`(i32.add ${i} (i32.const 1))`), more);
        const outer = `(local.get ${counter - 2})`;
        return around(depth, level, '', also(`(i32.${pick('lt_s', 'lt_u', 'ne')} ${outer} ${pick('(i32.const 12)', `(local.get ${counter - 1})`)})`), `(local.set ${counter - 2} (i32.add ${outer} (i32.const ${pick(1, 1, 2)})))`);
      }
      case 0: case 1: case 2: // up
        return around(depth, level, start, also(`(i32.${pick('lt_s', 'lt_u', 'le_s', 'le_u', 'ne')} ${i} ${limit})`), `${set(`(i32.add ${i} (i32.const ${step}))`)} ${limitMoves}`, more);
      case 3: case 4: // down
        return around(depth, level, start, also(`(i32.${pick('gt_s', 'gt_u', 'ge_s', 'ge_u', 'ne')} ${i} ${pick(limit, '(i32.const 0)', `(i32.const ${pick(...ENDS)})`)})`), `${set(`(i32.sub ${i} (i32.const ${step}))`)} ${limitMoves}`, more);
      case 5: // until it is 0
        return around(depth, level, set(small()), also(pick(i, `(i32.ne ${i} (i32.const 0))`)), set(`(i32.sub ${i} (i32.const 1))`));
      case 6: { // bits, one by one
        const less = pick(`(i32.and ${i} (i32.sub ${i} (i32.const 1)))`, `(i32.shr_${pick('u', 's')} ${i} (i32.const ${pick(step, 33, 32)}))`, `(i32.div_${pick('u', 's')} ${i} (i32.const ${step === 1 ? 2 : step}))`, `(i32.shl ${i} (i32.const 1))`);
        return around(depth, level, set(pick(expression(1), place())), pick(i, `(i32.gt_s ${i} (i32.const 0))`, `(i32.ge_u ${i} (i32.const 3))`), set(less), more);
      }
      case 7: { // over memory, by where it ends or by how far it is; the access may be left out
        const access = pick(`(i32.store ${i} ${expression(1)})`, `(if ${condition(0)} (then (i32.store8 ${i} (i32.const 1))))`, `(local.set 2 (i32.load16_u offset=4 ${i}))`, '');
        const from = pick(`(i32.and ${value()} (i32.const 1020))`, value(), `(i32.const ${pick(64, -8, -64)})`);
        return around(depth, level, `${set(from)} (local.set ${counter + 1} (i32.add ${i} (i32.shl ${small()} (i32.const 2))))`, `(i32.${pick('lt_u', 'ne', 'lt_s', 'le_u')} ${i} ${limit})`, set(`(i32.add ${i} (i32.const ${pick(4, 4, 8)}))`), `${access} ${more}`);
      }
      case 8: { // a counter in memory, or in a global
        const [get, put] = pick(['(i32.load (i32.const 2000))', (v: string) => `(i32.store (i32.const 2000) ${v})`] as const, ['(global.get $g0)', (v: string) => `(global.set $g0 ${v})`] as const);
        return around(depth, level, put('(i32.const 0)'), `(i32.lt_s ${get} ${limit})`, put(`(i32.add ${get} (i32.const 1))`));
      }
      default: // two conditions, both of which may end it; the limit shrinks towards the counter
        return around(depth, level, `${set('(i32.const 0)')} (local.set ${counter + 1} ${small()})`, `(i32.and (i32.${pick('lt_s', 'lt_u', 'ne')} ${i} ${limit}) ${condition(0)})`, pick(set(`(i32.add ${i} (i32.const 1))`), `(local.set ${counter + 1} (i32.sub ${limit} (i32.const ${step})))`), more);
    }
  };

  const longLoop = (depth: number, level: number): string => {
    const counter = FIRST_LONG + 2 + level;
    const n = `(local.get ${counter})`;
    const set = (what: string): string => `(local.set ${counter} ${what})`;
    const near = pick(small(), place());
    switch (below(4)) {
      case 0: return around(depth, level, set(`(i64.extend_i32_${pick('u', 's')} ${near})`), pick(`(i64.ne ${n} (i64.const 0))`, `(i32.eqz (i64.eqz ${n}))`), set(`(i64.sub ${n} (i64.const 1))`));
      case 1: return around(depth, level, set(`(i64.extend_i32_${pick('u', 's')} ${near})`), `(i64.${pick('lt_s', 'lt_u', 'ne')} ${n} (i64.const ${pick(12, 20, 2 ** 33)}))`, set(`(i64.add ${n} (i64.const ${pick(1, 2, 2 ** 32)}))`));
      case 2: return around(depth, level, set(`(i64.extend_i32_u ${near})`), `(i32.lt_s (i32.wrap_i64 ${n}) (i32.const 9))`, set(`(i64.add ${n} (i64.const ${pick(1, 3)}))`));
      default: {
        const less = pick(`(i64.and ${n} (i64.sub ${n} (i64.const 1)))`, `(i64.shr_u ${n} (i64.const ${pick(1, 3, 40)}))`, `(i64.div_u ${n} (i64.const ${pick(2, 10)}))`);
        const check = oneIn(3) ? `(if (i64.ne ${n} (i64.const 0)) (then ${statement(0, level)}))` : '';
        return around(depth, level, `${set(wide(1))} ${check}`, `(i64.ne ${n} (i64.const 0))`, set(less));
      }
    }
  };

  const locals = `(local ${'i32 '.repeat(FIRST_LONG - 2)}) (local ${'i64 '.repeat(LONGS)})`;
  const functions: string[] = [];
  if (hasOneLoop) functions.push(`(func $f (export "f") (param i32 i32) (result i32) ${locals} ${oneIn(4) ? longLoop(pick(1, 1, 2), 0) : loop(pick(1, 1, 2), 0)} (local.get 2))`);
  else for (const name of ['$h2', '$h1', '$h0', '$f']) {
    const result = pick('(i32.add (local.get 2) (local.get 3))', small());
    functions.push(`(func ${name}${name === '$f' ? ' (export "f")' : ''} (param i32 i32) (result i32) ${locals} ${statements(name === '$f' ? 3 : 2, 0)} ${result})`);
    helpers = [...helpers, name];
  }
  const first = pick(0, 3, 9, -4);
  return `(module (memory (export "memory") 1 1) (global $g0 (mut i32) (i32.const ${first})) (global $g1 (mut i32) (i32.const ${pick(2, 8)})) ${functions.join('\n')})`;
}
