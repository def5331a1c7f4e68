// SPDX-License-Identifier: MIT
// Loops over buffers of samples that a generator writes, in the forms that block-rate DSP has: some buffers in, one or two out, state in locals. Most get
// the addresses of their buffers from elsewhere; where these are constants, a compiler makes one pointer of all of them.

import { programsOf, type Piece, type Program } from './program.js';
import { Random } from './random.js';

const KERNELS = 48;
const IN_A_PROGRAM = 16;
const SEED = 88172645;
const FRAMES = 32;
/** Of the addresses of outputs, among those of buffers. */
const OUTPUTS = 3;

function kernel(index: number, random: Random): Piece {
  const inputs = 1 + random.below(3);
  const outputs = 1 + random.below(2);
  const states = random.below(5);
  const unroll = random.pick([1, 1, 1, 2, 4]);
  const usesPhase = random.chance(40);
  const givesAddresses = random.chance(70);
  // By a pointer that moves, with a counter beside it, or by an index.
  const form = random.pick(['pointer', 'pointer', 'pointer', 'counter', 'index'] as const);
  const buffer = (i: number, constant: string): string => (givesAddresses ? `load<usize>(buffers, ${4 * i})` : constant);
  const lines = [
    ...Array.from({ length: inputs }, (_, i) => `  let in${i} = ${buffer(i, `blockA + ${64 * i}`)};`),
    ...Array.from({ length: outputs }, (_, i) => `  let out${i} = ${buffer(OUTPUTS + i, `blockB + ${256 * i}`)};`),
    ...Array.from({ length: states }, (_, i) => `  let s${i} = load<f32>(state, ${4 * i});`),
    '  let phase = load<u32>(state, 64);',
    ...(form === 'pointer' ? [`  const end = out0 + ${4 * FRAMES};`, '  while (out0 < end) {'] : [`  for (let n: u32 = 0; n < ${FRAMES}; n += ${unroll}) {`]),
  ];
  const at = (pointer: string): string => (form === 'index' ? `${pointer} + (n << 2)` : pointer);
  const expression = (names: readonly string[], depth: number): string => {
    if (depth === 0 || random.chance(15)) return random.chance(25) ? `<f32>${(random.below(900) / 1000 + 0.05).toFixed(3)}` : random.pick(names);
    const [a, b] = [expression(names, depth - 1), expression(names, depth - 1)];
    const kind = random.below(24);
    if (kind < 20) return `(${a} ${random.pick(['+', '-', '*', '*'])} ${b})`;
    if (kind < 21) return `abs<f32>(${a})`;
    if (kind < 22) return `min<f32>(max<f32>(${a}, -1), 1)`;
    return `(${a} > ${b} ? ${a} : ${random.pick(names)})`;
  };
  for (let u = 0; u < unroll; u++) {
    const names = [...Array.from({ length: inputs }, (_, i) => `x${i}${u}`), ...Array.from({ length: states }, (_, i) => `s${i}`)];
    for (let i = 0; i < inputs; i++) lines.push(`    const x${i}${u} = load<f32>(${at(`in${i}`)}${u > 0 ? `, ${4 * u}` : ''});`);
    if (usesPhase) {
      lines.push(`    const p${u} = <f32>(<i32>phase) * <f32>4.6e-10;`, `    phase += ${20_000_000 + 1000 * index};`);
      names.push(`p${u}`);
    }
    for (let n = random.below(4); n > 0; n--) {
      lines.push(`    const v${n}${u} = ${expression(names, 2)};`);
      names.push(`v${n}${u}`);
    }
    for (let i = 0; i < states; i++) if (random.chance(70)) lines.push(`    s${i} = ${expression(names, 2)} * <f32>0.4;`);
    for (let i = 0; i < outputs; i++) {
      const value = expression(names, 2);
      lines.push(random.chance(30) && i === 0 ? `    store<f32>(${at(`out${i}`)}, load<f32>(${at(`out${i}`)}${u > 0 ? `, ${4 * u}` : ''}) + ${value} * <f32>0.01${u > 0 ? `, ${4 * u}` : ''});` : `    store<f32>(${at(`out${i}`)}, ${value}${u > 0 ? `, ${4 * u}` : ''});`);
    }
    if (random.chance(15)) lines.push(`    store<i16>(data, <i16><i32>(min<f32>(max<f32>(x0${u}, -1), 1) * 32767), ${2 * u});`);
  }
  lines.push(
    ...(form === 'index' ? [] : [...Array.from({ length: inputs }, (_, i) => `    in${i} += ${4 * unroll};`), ...Array.from({ length: outputs }, (_, i) => `    out${i} += ${4 * unroll};`)]), '  }',
    ...Array.from({ length: states }, (_, i) => `  store<f32>(state, s${i}, ${4 * i});`), '  store<u32>(state, phase, 64);',
  );
  return { name: `kernel ${index}`, body: lines.join('\n') };
}

/** Makes the kernels; the same ones every time. */
export function kernelPrograms(): Program[] {
  const random = new Random(SEED);
  return programsOf('kernels', Array.from({ length: KERNELS }, (_, i) => kernel(i, random)), IN_A_PROGRAM, {
    prelude: 'const blockA = memory.data(1024, 16);\nconst blockB = memory.data(1024, 16);\nconst state = memory.data(128, 16);\nconst buffers = memory.data(32, 4);',
    setUp: '  for (let i: usize = 0; i < 5; i++) store<usize>(buffers + (i << 2), i < 3 ? blockA + 64 * i : blockB + 256 * (i - 3));\n  for (let i = 0; i < 256; i++) store<f32>(blockA + (i << 2), <f32>((i * 77) & 63) * <f32>0.03 - <f32>0.7);',
  });
}
