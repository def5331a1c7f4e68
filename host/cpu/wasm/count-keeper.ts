// SPDX-License-Identifier: MIT
// Takes the counters of a counting meter out of the metered module. Reading thousands of globals one by one from JavaScript takes longer than a block of
// audio does, so a small WebAssembly module with a memory of its own stores those that may have changed, eight a call.

import { copyBytesOf, KEPT_AT_ONCE, KEPT_COPIES, METER, type CountedBlock } from './meter.js';
import { SECTION } from './decode.js';
import { ByteWriter } from './writer.js';

const I32 = 0x7f;
const I64 = 0x7e;

export interface CountKeeper {
  readonly blocks: readonly CountedBlock[];
  readonly imports: WebAssembly.ModuleImports;
  /** Takes the instance of the metered module over. */
  attach(exports: Record<string, unknown>): void;
  /** Copies the counters as they are now. @param copy which copy it becomes, 0 to KEPT_COPIES - 1 */
  take(copy: number): void;
  /** How often each block ran until a copy was taken. Valid until it is taken again. */
  copy(copy: number): BigInt64Array;
}

/** Stores its arguments at a byte offset, side by side. */
function keeperModule(pages: number): Uint8Array {
  const section = (id: number, write: (out: ByteWriter) => void): void => {
    const contents = new ByteWriter();
    write(contents);
    out.section(id, contents);
  };
  const out = new ByteWriter().bytes(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  section(SECTION.type, (s) => {
    s.u32(1).u8(0x60).u32(1 + KEPT_AT_ONCE).u8(I32);
    for (let i = 0; i < KEPT_AT_ONCE; i++) s.u8(I64);
    s.u32(0);
  });
  section(SECTION.function, (s) => s.u32(1).u32(0));
  section(SECTION.memory, (s) => s.u32(1).u8(1).u32(pages).u32(pages));
  section(SECTION.export, (s) => s.u32(2).name(METER.keep).u8(0).u32(0).name('memory').u8(2).u32(0));
  section(SECTION.code, (s) => {
    const body = new ByteWriter().u32(0);
    // i64.store of argument i at offset 8 i, aligned to 8.
    for (let i = 0; i < KEPT_AT_ONCE; i++) body.u8(0x20).u32(0).u8(0x20).u32(1 + i).u8(0x37).u32(3).u32(8 * i);
    body.u8(0x0b);
    s.u32(1).u32(body.length).bytes(body.take());
  });
  return out.take().slice();
}

export function countKeeper(blocks: readonly CountedBlock[]): CountKeeper {
  const copyBytes = copyBytesOf(blocks.length);
  const module = new WebAssembly.Module(keeperModule(Math.max(1, Math.ceil((KEPT_COPIES * copyBytes) / 65536))) as BufferSource);
  const { exports } = new WebAssembly.Instance(module);
  const { buffer } = exports.memory as WebAssembly.Memory;
  let dump: ((copy: number) => void) | undefined;
  return {
    blocks,
    imports: { [METER.keep]: exports[METER.keep] as () => void },
    attach: (metered) => {
      dump = metered[METER.dump] as typeof dump;
      // It stores what changes, from zero on.
      new Uint8Array(buffer).fill(0);
    },
    take: (copy) => dump!(copy),
    copy: (copy) => new BigInt64Array(buffer, copy * copyBytes, blocks.length),
  };
}
