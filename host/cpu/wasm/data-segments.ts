// SPDX-License-Identifier: MIT
// Initial contents of linear memory: active data segments with constant offsets (Core Specification 2.0, section 5.5.14).

import { ByteReader, SECTION, WasmFormatError, type WasmModule } from './decode.js';

export interface DataSegment {
  /** Byte offset in linear memory. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const I32_CONST = 0x41;
const END = 0x0b;

/** @throws WasmFormatError for a passive segment, or one whose offset is no constant: firmware's compiler makes neither */
export function dataSegments(module: WasmModule): DataSegment[] {
  const section = module.sections.find((s) => s.id === SECTION.data);
  if (!section) return [];
  const r = new ByteReader(module.bytes, section.contents, section.end);
  return Array.from({ length: r.u32() }, () => {
    const at = r.offset;
    if (r.u32() !== 0 || r.u8() !== I32_CONST) throw new WasmFormatError(at, 'a data segment is passive, or its offset is no constant');
    const offset = r.s33();
    if (r.u8() !== END) throw new WasmFormatError(at, "a data segment's offset is more than a constant");
    const length = r.u32();
    r.skip(length);
    return { offset, bytes: module.bytes.subarray(r.offset - length, r.offset) };
  });
}
