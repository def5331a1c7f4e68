// SPDX-License-Identifier: MIT
// Loops that each execute one kind of instruction, so that every entry of a table has been measured.

import { programsOf, type Piece, type Program } from './program.js';

type Type = 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64';
const TURNS = 24;

const sizeOf = (type: Type): number => Number(type.slice(1)) / 8;
/** A value that no operation traps on: floats stay small. */
const valueOf = (type: Type, word: number): string => {
  if (type[0] !== 'f') return `load<${type}>(data, ${16 * word})`;
  return `(<${type}>(load<u32>(data, ${16 * word}) >>> 20) + <${type}>0.5)`;
};

/** A loop whose turns change `a` and `b`. */
function loop(name: string, type: Type, turn: string): Piece {
  return {
    name,
    body: `  let a: ${type} = ${valueOf(type, 1)};
  let b: ${type} = ${valueOf(type, 2)};
  let c: ${type} = ${valueOf(type, 3)};
  for (let i = 0; i < ${TURNS}; i++) {
${turn}
  }
  store<${type}>(data, a, 512);
  store<${type}>(data, b, ${512 + sizeOf(type)});
  store<${type}>(data, c, ${512 + 2 * sizeOf(type)});`,
  };
}

const integer = (type: 'i32' | 'i64'): Piece[] => {
  const unsigned = type === 'i32' ? 'u32' : 'u64';
  const bits = type === 'i32' ? 32 : 64;
  const wide = type === 'i32' ? '0x12345677' : '0x123456789abcdef';
  const pieces: Piece[] = [];
  const binary = (name: string, of: Type, text: (x: string, y: string) => string): void => {
    pieces.push(loop(`${type}.${name}`, of, `    a = ${text('a', 'b')};\n    b = ${text('b', 'c')};\n    c = ${text('c', 'a')};`));
    pieces.push(loop(`${type}.${name} of constants`, of, `    a = ${text('a', '29')};\n    b = ${text('b', '13')};\n    c = ${text('c', wide)} ^ b;`));
  };
  for (const [name, sign] of [['add', '+'], ['sub', '-'], ['mul', '*'], ['and', '&'], ['or', '|'], ['xor', '^']]) binary(name, type, (x, y) => `(${x} ${sign} ${y}) + 1`);
  binary('shl', type, (x, y) => `(${x} << (${y} & ${bits - 1})) ^ 1`);
  binary('shr_s', type, (x, y) => `(${x} >> (${y} & ${bits - 1})) ^ 0x55555`);
  binary('shr_u', unsigned, (x, y) => `(${x} >> (${y} & ${bits - 1})) ^ 0x55555`);
  binary('rotl', unsigned, (x, y) => `rotl<${unsigned}>(${x}, ${y})`);
  binary('rotr', unsigned, (x, y) => `rotr<${unsigned}>(${x}, ${y})`);
  for (const [name, sign] of [['div', '/'], ['rem', '%']]) {
    binary(`${name}_s`, type, (x, y) => `(${x} ${sign} ((${y} & 0x7fff) | 1)) + 0x1234567`);
    binary(`${name}_u`, unsigned, (x, y) => `(${x} ${sign} (${y} | 1)) + 0x1234567`);
    // All bits of a result, one after the other: a library's function takes as long as it can.
    pieces.push(loop(`${type}.${name} by few bits`, unsigned, `    a = (c ${sign} ((b & 0x7fff) | 1)) + 0x1234567;\n    c = ~a ${sign} ((a & 0x7f) | 1);\n    b += a;`));
  }
  for (const name of ['clz', 'ctz', 'popcnt']) pieces.push(loop(`${type}.${name}`, type, `    a += ${name}<${type}>(b);\n    b += ${name}<${type}>(a);\n    c ^= ${name}<${type}>(b) << 7;`));
  for (const [name, sign, of] of [['eq', '==', type], ['ne', '!=', type], ['lt_s', '<', type], ['lt_u', '<', unsigned], ['gt_s', '>', type], ['gt_u', '>', unsigned], ['le_s', '<=', type], ['le_u', '<=', unsigned], ['ge_s', '>=', type], ['ge_u', '>=', unsigned]] as const) {
    const one = `<${of}>`;
    pieces.push(loop(`${type}.${name} as a value`, of, `    a += ${one}(b ${sign} c);\n    b ^= ${one}(a ${sign} c) << 3;\n    c += ${one}(a ${sign} b) + 3;`));
    pieces.push(loop(`${type}.${name} as a condition`, of, `    if (a ${sign} b) a += 0x2345;\n    else b += c;\n    if (b ${sign} c) c ^= a;\n    a ^= 77;`));
  }
  pieces.push(loop(`${type}.eqz`, type, '    a += <' + type + '>(!(b & 5));\n    if (!(a & 3)) b += c;\n    c += a;'));
  pieces.push(loop(`${type}.extend8_s`, type, `    a += <${type}><i8>b;\n    b += <${type}><i8>c + 7;\n    c ^= a;`));
  pieces.push(loop(`${type}.extend16_s`, type, `    a += <${type}><i16>b;\n    b += <${type}><i16>c + 7;\n    c ^= a;`));
  if (type === 'i64') {
    pieces.push(loop('i64.extend32_s', type, '    a += <i64><i32>b;\n    b += <i64><i32>c + 7;\n    c ^= a;'));
    pieces.push(loop('i64.extend_i32_s', type, '    a += <i64>i;\n    b += a;\n    c ^= <i64>(i * 77);'));
    pieces.push(loop('i64.extend_i32_u', 'u64', '    a += <u64><u32>i;\n    b += a;\n    c ^= <u64><u32>(i * 77);'));
    pieces.push(loop('i32.wrap_i64', 'i64', '    a += <i64>(<i32>(b >> 7) + <i32>c);\n    b += 77777;\n    c ^= <i64>(<i32>b * <i32>a);'));
    pieces.push(loop('i64 product of halves', 'i64', '    a = <i64><i32>b * <i64><i32>c;\n    b += a >> 16;\n    c += <i64><i32>a * <i64>i;'));
  }
  return pieces;
};

const float = (type: 'f32' | 'f64'): Piece[] => {
  const pieces: Piece[] = [];
  const integerType = type === 'f32' ? 'i32' : 'i64';
  for (const [name, sign] of [['add', '+'], ['sub', '-']]) pieces.push(loop(`${type}.${name}`, type, `    a = a ${sign} b;\n    b = b ${sign} c;\n    c = c ${sign} a;\n    a = b ${sign} a;`));
  pieces.push(loop(`${type}.mul`, type, '    a = a * b;\n    b = b * c;\n    c = c * a;'));
  pieces.push(loop(`${type} multiply and add`, type, '    a = a * 0.37 + b * 0.21;\n    b = b * 0.99 - c * 0.01;\n    c = a - c * 0.5;'));
  pieces.push(loop(`${type}.mul by a constant`, type, '    a = a * 0.71;\n    b = b * 1.0123;\n    c = c * 0.9 + 0.125;'));
  pieces.push(loop(`${type}.div`, type, '    a = a / b + 1.5;\n    b = c / a;\n    c = a / c;'));
  pieces.push(loop(`${type}.sqrt`, type, `    a = sqrt<${type}>(b + 1);\n    b = sqrt<${type}>(c * c + a);\n    c += a;`));
  for (const name of ['abs', 'ceil', 'floor', 'trunc', 'nearest']) pieces.push(loop(`${type}.${name}`, type, `    a = ${name}<${type}>(b) - c;\n    b = ${name}<${type}>(a * 0.3) + 2.25;\n    c = b - ${name}<${type}>(c * 0.77);`));
  pieces.push(loop(`${type}.neg`, type, '    a = -(a * b) - c;\n    b = -b * c;\n    c = -(a + c);'));
  for (const name of ['min', 'max', 'copysign']) {
    pieces.push(loop(`${type}.${name}`, type, `    a = ${name}<${type}>(b, c) * 0.99;\n    b = ${name}<${type}>(a, b) + 0.5;\n    c = ${name}<${type}>(c, a) - 1;`));
    pieces.push(loop(`${type}.${name} of constants`, type, `    a = ${name}<${type}>(b, 0.5) * 0.99;\n    b = ${name}<${type}>(a, -7.5) + c;\n    c = ${name}<${type}>(a * c, 3) - 1;`));
  }
  for (const [name, sign] of [['eq', '=='], ['ne', '!='], ['lt', '<'], ['gt', '>'], ['le', '<='], ['ge', '>=']]) {
    pieces.push(loop(`${type}.${name} as a value`, type, `    a += <${type}>(<i32>(b ${sign} c) + <i32>(a ${sign} b));\n    b = b * 0.9 + 1;\n    c = c * 0.95 + 0.7;`));
    pieces.push(loop(`${type}.${name} as a condition`, type, `    if (a ${sign} b) a = a * 0.75;\n    else b = b * 0.5;\n    if (b ${sign} c) c += 3;\n    a += 0.5;`));
  }
  pieces.push(loop(`${type} select`, type, '    a = i & 1 ? a : b;\n    b = b > c ? a : c;\n    c += 1;'));
  for (const of of ['i32', 'u32', 'i64', 'u64'] as const) {
    pieces.push(loop(`${type}.convert_${of}`, type, `    a += <${type}><${of}>i;\n    b += <${type}>(<${of}>i * 5);\n    c = a - b;`));
    pieces.push(loop(`${of}.trunc_${type}`, type, `    a += <${type}>(<i32><${of}>(b * 0.001) & 15);\n    b = b * 0.99;\n    c += 1;\n    store<i32>(data, <i32><${of}>c, 700);`));
    pieces.push(loop(`${of}.trunc_sat_${type}`, type, `    store<i32>(data, <i32>${of === 'i32' || of === 'u32' ? `<${of}>` : `<${of}>`}(c), 700);\n    a = a * 0.5;\n    b += a;\n    c += 1;`));
  }
  pieces.push(loop(`${type} bits`, type, `    store<${integerType}>(data, reinterpret<${integerType}>(a) + 3, 700);\n    b = reinterpret<${type}>(reinterpret<${integerType}>(b) ^ 1);\n    a += b;\n    c = reinterpret<${type}>(reinterpret<${integerType}>(a) & 0x7fffff00);`));
  return pieces;
};

const conversions: Piece[] = [
  loop('f32.convert_i64 of memory', 'f32', '    a += <f32>load<u64>(data, 16);\n    b += <f32>load<i64>(data, 32);\n    c = a - <f32>load<u64>(data, 64);'),
  loop('f64.promote_f32', 'f64', '    a += <f64>load<f32>(data, 768);\n    b += <f64><f32>i;\n    c = a - b;'),
  loop('f32.demote_f64', 'f64', '    store<f32>(data, <f32>a, 768);\n    a += 0.5;\n    b = <f64>(<f32>b * <f32>0.5);\n    c += b;'),
];

const memoryPieces: Piece[] = [];
for (const [type, wide] of [['u8', 'u32'], ['i8', 'i32'], ['u16', 'u32'], ['i16', 'i32'], ['u32', 'u32'], ['u64', 'u64'], ['f32', 'f32'], ['f64', 'f64']] as const) {
  const bytes = Number(type.slice(1)) / 8;
  const at = (displacement: number): string => (displacement === 0 ? '' : `, ${displacement}`);
  const body = (turn: string): string => `  let at = data + ((load<u32>(data, 900) & 1) << 4);\n  let sum: ${wide} = 0;\n  for (let i = 0; i < ${TURNS}; i++) {\n${turn}\n    at += 8;\n  }\n  store<${wide}>(data, sum, 768);`;
  memoryPieces.push(
    { name: `load<${type}> once`, body: body(`    sum += load<${type}>(at);`) },
    { name: `load<${type}> of neighbours`, body: body(`    sum += load<${type}>(at) * load<${type}>(at${at(bytes)}) + load<${type}>(at${at(2 * bytes)}) + load<${type}>(at${at(3 * bytes)});`) },
    { name: `load<${type}> through many addresses`, body: body(`    sum += load<${type}>(data + <usize>((i * 40) & 255)) + load<${type}>(data + <usize>((i * 24) & 248)) + load<${type}>(data + <usize>((i * 56) & 248));`) },
    { name: `load<${type}> of statics`, body: body(`    sum += load<${type}>(data, 256) + load<${type}>(data, 320);\n    store<${type}>(data, <${type}>sum, 256);`) },
    { name: `store<${type}> once`, body: body(`    store<${type}>(at, <${type}>sum);\n    sum += 3;`) },
    { name: `store<${type}> of neighbours`, body: body(`    store<${type}>(at, <${type}>sum);\n    store<${type}>(at, <${type}>(sum + 1)${at(bytes) || ', 0'});\n    store<${type}>(at, <${type}>(sum + 2), ${2 * bytes});\n    sum += 3;`) },
    { name: `store<${type}> and load`, body: body(`    store<${type}>(at, <${type}>(load<${type}>(at) + load<${type}>(at, ${bytes})));\n    sum += load<${type}>(at);`) },
  );
}

const control: Piece[] = [
  loop('br_table', 'u32', '    switch (a & 7) {\n      case 0: b += 5; break;\n      case 1: c ^= b; break;\n      case 2: b -= c; break;\n      case 3: c += 9; break;\n      case 4: b ^= 0x77; break;\n      default: c -= 1;\n    }\n    a = a * 5 + 3;'),
  loop('br_table of eight', 'u32', '    switch (a >>> 29) {\n      case 0: b += 5; break;\n      case 1: c ^= b; break;\n      case 2: b -= c; break;\n      case 3: c += 9; break;\n      case 4: b ^= 0x77; break;\n      case 5: b = c + 3; break;\n      case 6: c = b * 3; break;\n      case 7: c = b - 1; break;\n    }\n    a = a * 1664525 + 1013904223;'),
  loop('select', 'i32', '    a = a > b ? a - 3 : b;\n    b = c & 1 ? b + 7 : c;\n    c = a;'),
  loop('min and max', 'i32', '    a = min<i32>(a, b) + 99;\n    b = max<i32>(b, c) - 77;\n    c += a;'),
  loop('nested conditions', 'u32', '    if (a & 1) {\n      if (b & 1) c += 3;\n      else if (b & 2) c -= a;\n      else c ^= 5;\n    } else if (c & 4) b += 11;\n    a = (a >> 1) + c;\n    b += a;'),
  loop('inner loop', 'u32', '    for (let j: u32 = 0; j < 5; j++) a = a * 3 + j;\n    let k = b & 7;\n    while (k) {\n      c += k;\n      k--;\n    }\n    b += c;'),
  loop('early ends', 'u32', '    for (let j: u32 = 0; j < 9; j++) {\n      if ((a >> j) & 1) break;\n      b += j;\n    }\n    a = a * 1664525 + 1013904223;\n    c ^= b;'),
  loop('short loops', 'u32', '    let k = a & 3;\n    do {\n      b += k;\n    } while (k-- != 0);\n    a += 5;\n    c ^= b;'),
  {
    name: 'globals',
    helpers: 'let globalA: i32 = 1;\nlet globalB: i32 = 2;\nlet globalF: f32 = 0.5;\nfunction touch(): void { globalB += globalA; globalA ^= 3; globalF = globalF * 0.5 + 1; }',
    body: `  for (let i = 0; i < ${TURNS}; i++) {\n    touch();\n    globalA += load<i32>(data, 16);\n    globalB ^= globalA;\n    globalF += 1;\n    store<i32>(data, globalB, 32);\n  }`,
  },
];
for (const count of [0, 1, 2, 3, 4, 6]) {
  const parameters = Array.from({ length: count }, (_, i) => `p${i}: u32`).join(', ');
  const sum = Array.from({ length: count }, (_, i) => `p${i} * ${2 * i + 3}`).join(' + ') || '7';
  const args = (first: string): string => Array.from({ length: count }, (_, i) => (i === 0 ? first : `a + ${i}`)).join(', ');
  const long = `  let x: u32 = ${sum};\n  for (let j: u32 = 0; j < 3; j++) x = (x ^ (x >>> 7)) * ${1013 + count} + load<u32>(data, 64);\n  if (x & 1) x = rotl<u32>(x, 5) + load<u32>(data, 32);\n  store<u32>(data, x, 48);\n  return x;`;
  control.push({
    name: `call with ${count} arguments`,
    helpers: `function callee${count}(${parameters}): u32 {\n${long}\n}`,
    body: `  let a: u32 = load<u32>(data);\n  for (let i = 0; i < ${TURNS}; i++) {\n    a += callee${count}(${args('a')});\n    a ^= callee${count}(${args('a + 99')});\n    if (a & 8) a -= callee${count}(${args('a ^ 5')});\n  }\n  store<u32>(data, a);`,
  }, {
    name: `call of a little with ${count} arguments`,
    helpers: `function little${count}(${parameters}): u32 {\n  store<u32>(data, ${sum}, 48);\n  return load<u32>(data, 52);\n}`,
    body: `  let a: u32 = load<u32>(data);\n  for (let i = 0; i < ${TURNS}; i++) {\n    a += little${count}(${args('a')});\n    a ^= little${count}(${args('a + 99')});\n  }\n  store<u32>(data, a);`,
  });
}
control.push(
  { name: 'memory.copy', body: `  for (let i = 0; i < ${TURNS}; i++) memory.copy(data + 256, data + (i << 2), 16);` },
  { name: 'memory.fill', body: `  for (let i = 0; i < ${TURNS}; i++) memory.fill(data + 256 + (i << 2), <u8>i, 16);` },
  { name: 'memory.size', body: `  let a = 0;\n  for (let i = 0; i < ${TURNS}; i++) a += memory.size();\n  store<i32>(data, a);` },
  {
    name: 'call_indirect',
    helpers: 'function first(x: u32): u32 { return x * 3 + load<u32>(data, 16); }\nfunction second(x: u32): u32 { return x ^ load<u32>(data, 32); }\nconst table: StaticArray<(x: u32) => u32> = [first, second];',
    body: `  let a: u32 = load<u32>(data);\n  for (let i = 0; i < ${TURNS}; i++) {\n    const f = unchecked(table[i & 1]);\n    a += f(a);\n  }\n  store<u32>(data, a);`,
  },
);

/** Registers that anything may be written to: GPIOD's and GPIOE's output data (RM0090, 8.4.6), whose pads stay inputs. */
const PRELUDE = `import {
  dcacheClean, dcacheInvalidate, irqDisable, irqEnable, irqMask, irqPend, irqPriority, irqRestore, load16, load32, load8, log, memoryAddress, store16, store32, store8,
} from "@/assembly/shim/abi";
import { loadShared, storeShared } from "@/assembly/shim/shared";
const ODR: u32 = 0x40020c14;
const ODR2: u32 = 0x40021014;`;
const SET_UP = '  store32(0x40023830, load32(0x40023830) | 0x18); // RCC_AHB1ENR: GPIOD and GPIOE';

const importLoop = (name: string, turn: string): Piece => ({ name, body: `  let a: u32 = 1;\n  for (let i: u32 = 0; i < ${TURNS}; i++) {\n${turn}\n  }\n  store<u32>(data, a, 600);` });
const importPieces: Piece[] = [
  importLoop('store32', '    store32(ODR, i * 3);\n    store32(ODR2, i);'),
  importLoop('store16', '    store16(ODR, i * 3);\n    store16(ODR2, i);'),
  importLoop('store8', '    store8(ODR, i * 3);\n    store8(ODR2, i);'),
  importLoop('load32', '    a += load32(ODR);\n    a ^= load32(ODR2);\n    a += load32(ODR) + 3;'),
  importLoop('load16', '    a += load16(ODR);\n    a ^= load16(ODR2);\n    a += load16(ODR) + 3;'),
  importLoop('load8', '    a += load8(ODR);\n    a ^= load8(ODR2);\n    a += load8(ODR) + 3;'),
  importLoop('modify', '    store32(ODR, (load32(ODR) & ~6) | (i & 6));\n    if (load32(ODR2) & 1) store32(ODR2, i);\n    else store32(ODR2, i + 1);'),
  importLoop('store32 and load32 of memory', '    store32(memoryAddress() + <u32>data + 640, i + a);\n    a += load32(memoryAddress() + <u32>data + 640);'),
  importLoop('irqMask and irqRestore', '    const state = irqMask();\n    a += i;\n    store<u32>(data, a, 640);\n    irqRestore(state);'),
  importLoop('memoryAddress', '    a += memoryAddress() & 0xff;\n    a ^= memoryAddress() & 0xf0;'),
  importLoop('irqEnable and irqDisable', '    irqEnable(80);\n    irqDisable(80);'),
  importLoop('irqPend', '    irqPend(81);\n    a += i;'),
  importLoop('irqPriority', '    irqPriority(80, i & 7);'),
  importLoop('dcache', '    dcacheClean(<u32>data, 64);\n    dcacheInvalidate(<u32>data, 64);'),
];
for (const byteCount of [4, 20]) importPieces.push({ name: `log of ${byteCount} bytes`, body: `  log(<u32>data, ${byteCount});` });
// Straight code as in a driver: each access once, nothing of it in a cache.
for (let n = 1; n <= 9; n += 2) {
  const lines = Array.from({ length: n }, (_, i) => `  store32(ODR, a);\n  a += load32(ODR${i % 2 ? '2' : ''}) & ${3 * i + 7};\n  if (a & ${1 << (i + 1)}) store32(ODR2, a + ${i});`);
  importPieces.push({ name: `driver of ${n} accesses`, body: `  let a: u32 = load<u32>(data, 16) & 255;\n${lines.join('\n')}\n  store<u32>(data, a, 600);` });
}

for (let n = 1; n <= 9; n += 2) {
  const lines = Array.from({ length: n }, (_, i) => `  storeShared(data + ${640 + 8 * i}, a);\n  if (load32(ODR) & ${1 << i}) a += loadShared(data + ${644 + 4 * i});\n  store<u32>(data, load<u32>(data, ${700 + 4 * i}) + 1, ${700 + 4 * i});`);
  importPieces.push({ name: `driver with ${n} shared words`, body: `  let a: u32 = load<u32>(data, 16) & 255;\n  store32(ODR, a | 0x155);\n${lines.join('\n')}\n  irqPend(81);\n  store<u32>(data, a, 600);` });
}

/** All loops, in programs small enough for the interpreter. */
export function loopPrograms(): Program[] {
  return [
    ...programsOf('integers', integer('i32'), 36), ...programsOf('long-integers', integer('i64'), 30), ...programsOf('floats', float('f32'), 30),
    ...programsOf('doubles', [...float('f64'), ...conversions], 24), ...programsOf('memory', memoryPieces, 30), ...programsOf('control', control, 30),
    ...programsOf('imports', importPieces, 40, { prelude: PRELUDE, setUp: SET_UP }),
  ];
}
