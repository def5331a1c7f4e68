// SPDX-License-Identifier: MIT
// Globals whose every value stands in the code.

import { ByteReader, forEachInstruction, SECTION, type WasmModule } from '../../cpu/wasm/decode.js';
import { signed } from './code.js';
import { hull, type Range } from './values.js';

/** Ranges of the i32 globals that are only ever set to constants. */
export function globalRanges(module: WasmModule): Map<number, Range> {
  const { bytes } = module;
  const ranges = new Map<number, Range>();
  const section = module.sections.find((s) => s.id === SECTION.global);
  if (!section) return ranges;
  const r = new ByteReader(bytes, section.contents, section.end);
  const count = r.u32();
  for (let i = 0; i < count; i++) {
    r.skip(2);
    forEachInstruction(bytes, r.offset, r.end, ({ operator: { name }, offset, end }) => {
      if (name === 'i32.const') {
        const value = Number(signed(new ByteReader(bytes, offset + 1)));
        ranges.set(module.importedGlobals + i, [value, value]);
      }
      r.offset = end;
      return name === 'end' ? false : undefined;
    });
  }
  for (const body of module.functions) {
    let constant: number | undefined;
    forEachInstruction(bytes, body.code, body.end, ({ operator: { name }, offset, index }) => {
      if (name === 'global.set') {
        const known = ranges.get(index);
        if (known && constant !== undefined) ranges.set(index, hull(known, [constant, constant]));
        else ranges.delete(index);
      }
      constant = name === 'i32.const' ? Number(signed(new ByteReader(bytes, offset + 1))) : undefined;
    });
  }
  return ranges;
}
