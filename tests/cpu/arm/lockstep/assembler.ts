// SPDX-License-Identifier: MIT
// A writer of Thumb code at an address: the few instructions that set a scene, encoded from DDI 0403E by hand so that no table has a say in them.

/** Registers that may stand in a list, as a mask. */
export const registerMask = (...registers: readonly number[]): number => registers.reduce((mask, n) => mask | (1 << n), 0);

export const SP = 13;
export const LR = 14;
export const PC = 15;

/** Special registers by SYSm (B5.1.1). */
export const SYSM = { APSR: 0, IPSR: 5, MSP: 8, PSP: 9, PRIMASK: 16, BASEPRI: 17, BASEPRI_MAX: 18, FAULTMASK: 19, CONTROL: 20 } as const;

export const CONDITION = { eq: 0, ne: 1, cs: 2, cc: 3, mi: 4, pl: 5, vs: 6, vc: 7, hi: 8, ls: 9, ge: 10, lt: 11, gt: 12, le: 13, al: 14 } as const;

export class Assembler {
  private readonly view: DataView;

  /** @param here address of the next instruction; `bytes` lie from address 0 on */
  constructor(readonly bytes: Uint8Array, public here = 0) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  wordAt(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  half(...halfwords: readonly number[]): void {
    for (const halfword of halfwords) {
      this.view.setUint16(this.here, halfword, true);
      this.here += 2;
    }
  }

  word(...words: readonly number[]): void {
    for (const word of words) {
      this.view.setUint32(this.here, word, true);
      this.here += 4;
    }
  }

  byte(...bytes: readonly number[]): void {
    for (const byte of bytes) this.bytes[this.here++] = byte;
  }

  /** An instruction as the table has it: a halfword, or two in one word, the first one high. */
  instruction(bits: number, length: 2 | 4): void {
    if (length === 4) this.half(bits >>> 16);
    this.half(bits & 0xffff);
  }

  /** Brings `here` to a multiple of `to` with NOPs. */
  align(to: number): void {
    while (this.here % to !== 0) this.half(0xbf00);
  }

  nop(): void {
    this.half(0xbf00);
  }

  /** MOVW: 16 bits. R13 goes by way of R14, for MOVW cannot write it. */
  movw(rd: number, value: number, top = false): void {
    this.half((top ? 0xf2c0 : 0xf240) | ((value >> 11) & 1) << 10 | (value >> 12) & 15, ((value >> 8) & 7) << 12 | rd << 8 | value & 255);
  }

  /** A register's 32 bits; the flags stay. The stack pointer is set by way of LR. */
  set(rd: number, value: number): void {
    const by = rd === SP ? LR : rd;
    this.movw(by, value & 0xffff);
    if (value >>> 16 !== 0) this.movw(by, value >>> 16, true);
    if (rd === SP) this.mov(SP, LR);
  }

  /** MOV between any two registers (T1). */
  mov(rd: number, rm: number): void {
    this.half(0x4600 | (rd >> 3) << 7 | rm << 3 | rd & 7);
  }

  /** LDMIA.W without or with writeback. */
  ldm(rn: number, mask: number, writeback = false): void {
    this.half(0xe890 | (writeback ? 0x20 : 0) | rn, mask);
  }

  stm(rn: number, mask: number, writeback = false): void {
    this.half(0xe880 | (writeback ? 0x20 : 0) | rn, mask);
  }

  push(mask: number): void {
    this.half(0xe92d, mask);
  }

  pop(mask: number): void {
    this.half(0xe8bd, mask);
  }

  /** LDR.W and STR.W with an offset of 12 bits. */
  ldr(rt: number, rn: number, offset = 0): void {
    this.half(0xf8d0 | rn, rt << 12 | offset);
  }

  str(rt: number, rn: number, offset = 0): void {
    this.half(0xf8c0 | rn, rt << 12 | offset);
  }

  /** ADD.W and SUB.W with a plain 12-bit number (ADDW, SUBW). */
  addw(rd: number, rn: number, value: number): void {
    this.half(0xf200 | ((value >> 11) & 1) << 10 | rn, ((value >> 8) & 7) << 12 | rd << 8 | value & 255);
  }

  subw(rd: number, rn: number, value: number): void {
    this.half(0xf2a0 | ((value >> 11) & 1) << 10 | rn, ((value >> 8) & 7) << 12 | rd << 8 | value & 255);
  }

  /** SUBS of a low register and 8 bits. */
  subs(rdn: number, value: number): void {
    this.half(0x3800 | rdn << 8 | value);
  }

  bx(rm: number): void {
    this.half(0x4700 | rm << 3);
  }

  blx(rm: number): void {
    this.half(0x4780 | rm << 3);
  }

  /** B.W and BL. */
  private branch24(opcode: number, target: number): void {
    const offset = target - (this.here + 4);
    const s = offset < 0 ? 1 : 0;
    const j = (bit: number) => (((offset >> bit) & 1) ^ 1 ^ s) & 1;
    this.half(0xf000 | s << 10 | (offset >> 12) & 0x3ff, opcode | j(23) << 13 | j(22) << 11 | (offset >> 1) & 0x7ff);
  }

  b(target: number): void {
    this.branch24(0x9000, target);
  }

  bl(target: number): void {
    this.branch24(0xd000, target);
  }

  /** B<c>.W, within 1 MB. */
  bc(condition: number, target: number): void {
    const offset = target - (this.here + 4);
    this.half(
      0xf000 | (offset < 0 ? 1 : 0) << 10 | condition << 6 | (offset >> 12) & 0x3f,
      0x8000 | ((offset >> 18) & 1) << 13 | ((offset >> 19) & 1) << 11 | (offset >> 1) & 0x7ff,
    );
  }

  /** @param mask the IT instruction's mask as encoded */
  it(condition: number, mask: number): void {
    this.half(0xbf00 | condition << 4 | mask);
  }

  /** MSR; `mask` matters for APSR alone: 2 for NZCVQ, 1 for GE. */
  msr(sysm: number, rn: number, mask = 2): void {
    this.half(0xf380 | rn, 0x8800 | mask << 10 | sysm);
  }

  mrs(rd: number, sysm: number): void {
    this.half(0xf3ef, 0x8000 | rd << 8 | sysm);
  }

  vmsr(rt: number): void {
    this.half(0xeee1, rt << 12 | 0xa10);
  }

  vmrs(rt: number): void {
    this.half(0xeef1, rt << 12 | 0xa10);
  }

  /** VLDMIA of S0 to S31. */
  loadFloats(rn: number): void {
    this.half(0xec90 | rn, 0x0a20);
  }

  svc(imm8: number): void {
    this.half(0xdf00 | imm8);
  }

  /** CPSID and CPSIE: i is PRIMASK, f is FAULTMASK. */
  cps(disable: boolean, primask: boolean, faultmask: boolean): void {
    this.half(0xb660 | (disable ? 16 : 0) | (primask ? 2 : 0) | (faultmask ? 1 : 0));
  }

  dsb(): void {
    this.half(0xf3bf, 0x8f4f);
  }

  isb(): void {
    this.half(0xf3bf, 0x8f6f);
  }
}
