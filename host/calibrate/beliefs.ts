// SPDX-License-Identifier: MIT
// What is believed of an instruction's cycles on a Cortex-M4 without measuring: where no calibration program has it, and a faint pull where many have it
// together. Of engine aot: Cortex-M4 TRM (ARM DDI 0439D), table 3-1, for what wasm2c's kind of C becomes with gcc -O2; f64 by the soft-float
// library. Of engine wasm3: instructions of the interpreter's handlers, times 1.4.

import type { CostTable } from '../cpu/wasm/costs.js';

export const beliefs: Readonly<Record<'aot' | 'wasm3', CostTable>> = {
  aot: {
    dispatch: 8,
    instructions: {
      'local.*': 0, 'nop': 0, 'block': 0, 'loop': 0, 'end': 0, 'drop': 0, 'unreachable': 1, 'i32.const': 0.5, 'i64.const': 1, 'f32.const': 2,
      'f64.const': 4, 'global.*': 3, 'table.*': 8, 'elem.drop': 8, 'data.drop': 8, 'ref.*': 2, 'if': 2, 'else': 2, 'br': 2, 'br_if': 2,
      'br_table': 6, 'return': 2, 'select*': 2, 'call': 8, 'call_indirect': 16, 'i32.load*': 3.5, 'f32.load*': 3.5, 'i64.load*': 5,
      'f64.load*': 5, 'i32.store*': 2.5, 'f32.store*': 2.5, 'i64.store*': 4, 'f64.store*': 4, 'memory.size': 2, 'memory.grow': 20,
      'memory.init': 40, 'memory.copy': 40, 'memory.fill': 40, 'i32.*': 1, 'i32.div_*': 7, 'i32.rem_*': 9, 'i32.popcnt': 12, 'i32.trunc_*': 3,
      'i32.reinterpret_f32': 1, 'i64.*': 2, 'i64.mul': 5, 'i64.div_*': 60, 'i64.rem_*': 60, 'i64.shl': 6, 'i64.shr_*': 6, 'i64.rotl': 8,
      'i64.rotr': 8, 'i64.popcnt': 24, 'i64.trunc_*': 40, 'i64.reinterpret_f64': 2, 'f32.*': 1, 'f32.compare': 2, 'f32.div': 14, 'f32.sqrt': 14, 'f32.min': 6, 'f32.max': 6, 'f32.ceil': 20, 'f32.floor': 20,
      'f32.trunc': 20, 'f32.nearest': 20, 'f32.copysign': 4, 'f32.convert_i64_*': 40, 'f32.demote_f64': 25, 'f64.*': 60, 'f64.abs': 2,
      'f64.neg': 2, 'f64.copysign': 4, 'f64.div': 250, 'f64.sqrt': 400, 'f64.compare': 25, 'f64.promote_f32': 20,
      'f64.convert_i*': 30, 'f64.reinterpret_i64': 2,
    },
    imports: {
      'load8': 5, 'load16': 5, 'load32': 5, 'store8': 4, 'store16': 4, 'store32': 4, 'irqEnable': 12, 'irqDisable': 16, 'irqPend': 12,
      'irqPriority': 14, 'irqMask': 4, 'irqRestore': 4, 'waitForInterrupt': 4, 'cycleCounter': 5, 'dcacheClean': 4, 'dcacheInvalidate': 4,
      'memoryAddress': 2, 'log': 200, 'abort': 100,
    },
  },
  wasm3: {
    dispatch: 104,
    instructions: {
      'local.*': 4, 'nop': 0, 'block': 0, 'loop': 8, 'end': 0, 'drop': 1, 'unreachable': 8, 'i32.const': 3, 'i64.const': 4, 'f32.const': 3,
      'f64.const': 4, 'global.*': 9, 'table.*': 30, 'elem.drop': 30, 'data.drop': 30, 'ref.*': 8, 'if': 9, 'else': 6, 'br': 6, 'br_if': 9,
      'br_table': 16, 'return': 12, 'select*': 9, 'call': 60, 'call_indirect': 90, 'i32.load*': 14, 'f32.load*': 14, 'i64.load*': 17,
      'f64.load*': 17, 'i32.store*': 14, 'f32.store*': 14, 'i64.store*': 17, 'f64.store*': 17, 'memory.size': 10, 'memory.grow': 60,
      'memory.init': 90, 'memory.copy': 90, 'memory.fill': 90, 'i32.*': 8, 'i32.div_*': 16, 'i32.rem_*': 18, 'i32.popcnt': 20, 'i64.*': 12,
      'i64.mul': 16, 'i64.div_*': 70, 'i64.rem_*': 70, 'f32.*': 8, 'f32.div': 21, 'f32.sqrt': 21, 'f32.min': 16, 'f32.max': 16, 'f32.ceil': 30,
      'f32.floor': 30, 'f32.trunc': 30, 'f32.nearest': 30, 'f64.*': 70, 'f64.abs': 10, 'f64.neg': 10, 'f64.copysign': 12, 'f64.div': 260,
      'f64.sqrt': 410,
    },
    imports: {
      'load8': 70, 'load16': 70, 'load32': 70, 'store8': 70, 'store16': 70, 'store32': 70, 'irqEnable': 75, 'irqDisable': 80, 'irqPend': 75,
      'irqPriority': 75, 'irqMask': 65, 'irqRestore': 65, 'waitForInterrupt': 65, 'cycleCounter': 65, 'dcacheClean': 65, 'dcacheInvalidate': 65,
      'memoryAddress': 60, 'log': 300, 'abort': 150,
    },
  },
};

/** Of features that are no instruction's. */
export const EXTRA_BELIEFS: Readonly<Record<'aot' | 'wasm3', Readonly<Record<string, number>>>> = {
  aot: {
    cold: 0.8, 'cold/branch': 2.5, 'cold/long': 20, 'cold/constant': 1.5, 'cold/import': 12, 'cold/enter': 6, enter: 4, 'enter/local': 1, 'call/argument': 1, 'call/inlined': 1, 'call/inlined/argument': 0.2, 'i32.const/small': 0.2, 'i32.const/operand': 0.1,
    'i32.const/address': 1, 'local.get/most': 0.4, 'local.set/most': 0.4, 'local.tee/most': 0.4, 'local.get/many': 0.1, 'local.set/many': 0.1, 'local.tee/many': 0.1, 'local.get': 0.05, 'local.set': 0.05, 'local.tee': 0.05, 'i32.eqz/free': 0.05, 'br_if/compared': 1.5,
    'br_if/loop/compared': 2, 'if/compared': 1.5, 'select/compared': 2, drop: 0.05, else: 0.5, 'f32/chained': 1,
  },
  wasm3: { cold: 0.1, 'cold/branch': 0.1, 'cold/long': 0.1, 'cold/constant': 0.1, 'cold/import': 5, 'cold/enter': 5, enter: 10, 'enter/local': 1, 'call/argument': 8, 'call/inlined/argument': 8, 'i32.eqz/free': 5, drop: 0.1, else: 3, 'f32/chained': 0.1 },
};
