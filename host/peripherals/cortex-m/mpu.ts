// SPDX-License-Identifier: MIT
// Memory protection unit, PMSAv7 with eight unified regions (ARM DDI 0403E, B3.5): its registers, and what it permits.

import { UnmodelledRegisterError } from '../../machine/errors.js';
import { RegisterBlock } from '../../machine/peripheral.js';

const TYPE = 0x00;
const CTRL = 0x04;
const RNR = 0x08;
const RBAR = 0x0c;
const RASR = 0x10;
/** RBAR_A1 to RASR_A3 repeat RBAR and RASR up to here. */
const END = 0x2c;

const CTRL_ENABLE = 1 << 0; // protection is on
const CTRL_HFNMIENA = 1 << 1; // also at priorities below 0
const CTRL_PRIVDEFENA = 1 << 2; // the default map is behind the regions, for privileged code
const RBAR_VALID = 1 << 4; // the write selects the region in bits 3:0
const RASR_ENABLE = 1 << 0;
const RASR_XN = 1 << 28; // no instruction may be fetched
const RASR_MASK = 0x173fff3f;
const REGIONS = 8;

/** Where the default map allows no fetch (B3.1, table B3-1): peripherals, devices, system. */
const executableByDefault = (address: number): boolean => address >>> 29 !== 2 && address >>> 0 < 0xa0000000;
const PPB_FIRST = 0xe0000000;
const PPB_LAST = 0xe00fffff;

interface Region {
  base: number;
  attributes: number;
}

/** Addresses from `from` up to, and without, `to`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export type MpuAccess = 'read' | 'write' | 'fetch';

export class Mpu extends RegisterBlock {
  private control = 0;
  private selected = 0;
  private readonly regions: Region[] = Array.from({ length: REGIONS }, () => ({ base: 0, attributes: 0 }));
  /** Whether the CPU asks for permission: with one that does not, the MPU cannot be enabled. */
  enforced = false;
  /** Called when what is permitted has changed. */
  onChange: () => void = () => {};

  constructor() {
    super('MPU', 0xe000ed90, {
      [TYPE]: 'TYPE', [CTRL]: 'CTRL', [RNR]: 'RNR', [RBAR]: 'RBAR', [RASR]: 'RASR', 0x14: 'RBAR_A1', 0x18: 'RASR_A1', 0x1c: 'RBAR_A2', 0x20: 'RASR_A2',
      0x24: 'RBAR_A3', 0x28: 'RASR_A3',
    });
  }

  reset(): void {
    this.control = this.selected = 0;
    for (const region of this.regions) region.base = region.attributes = 0;
    this.onChange();
  }

  get enabled(): boolean {
    return (this.control & CTRL_ENABLE) !== 0;
  }

  /**
   * Whether an access is permitted (B3.5.3, ValidateAddress). The address is that of an aligned access, so one region holds all of it.
   * @param negative whether the core runs at a priority below 0, or with FAULTMASK set
   */
  permits(address: number, access: MpuAccess, privileged: boolean, negative: boolean): boolean {
    const a = address >>> 0;
    // The private peripheral bus has its own rules, and is never executable.
    if (a >= PPB_FIRST && a <= PPB_LAST) return access !== 'fetch';
    if (!this.enabled || (negative && !(this.control & CTRL_HFNMIENA))) return access !== 'fetch' || executableByDefault(a);
    for (let n = REGIONS - 1; n >= 0; n--) {
      const { base, attributes } = this.regions[n];
      if (!(attributes & RASR_ENABLE)) continue;
      const bits = ((attributes >>> 1) & 31) + 1;
      // Sizes below 32 bytes are UNPREDICTABLE: such a region matches nothing.
      if (bits < 5) continue;
      const mask = bits === 32 ? 0 : (0xffffffff << bits) >>> 0;
      if (((a ^ base) & mask) !== 0) continue;
      // Eight subregions, for regions of 256 bytes and more.
      if (bits >= 8 && (attributes >>> (8 + ((a >>> (bits - 3)) & 7))) & 1) continue;
      // A region makes device memory executable, but never the system space (B3.5.1).
      return this.allows(attributes, access, privileged) && (access !== 'fetch' || a < PPB_FIRST);
    }
    return (this.control & CTRL_PRIVDEFENA) !== 0 && privileged && (access !== 'fetch' || executableByDefault(a));
  }

  /** Stretches of [from, to) that an access is not permitted in, at a priority of 0 and above. */
  forbidden(from: number, to: number, access: MpuAccess, privileged: boolean): Interval[] {
    const borders = new Set([from]);
    for (const { base, attributes } of this.regions) {
      if (!(attributes & RASR_ENABLE)) continue;
      // Regions of 256 bytes and more have eight parts; smaller ones are looked at as if they had, which finds nothing new.
      const byteCount = 2 ** (((attributes >>> 1) & 31) + 1);
      for (let part = 0; part <= 8; part++) borders.add(Math.floor(base / byteCount) * byteCount + (part * byteCount) / 8);
    }
    const starts = [...borders].filter((a) => a >= from && a < to).sort((a, b) => a - b);
    const intervals: { from: number; to: number }[] = [];
    for (const [i, start] of starts.entries()) {
      if (this.permits(start, access, privileged, false)) continue;
      const end = starts[i + 1] ?? to;
      const last = intervals.at(-1);
      if (last?.to === start) last.to = end;
      else intervals.push({ from: start, to: end });
    }
    return intervals;
  }

  /** Table B3-15. */
  private allows(attributes: number, access: MpuAccess, privileged: boolean): boolean {
    if (access === 'fetch' && attributes & RASR_XN) return false;
    const write = access === 'write';
    switch ((attributes >>> 24) & 7) {
      case 1: return privileged;
      case 2: return privileged || !write;
      case 3: return true;
      case 5: return privileged && !write;
      case 6: case 7: return !write;
      default: return false;
    }
  }

  protected readRegister(offset: number): number | undefined {
    const region = this.regions[this.selected];
    if (offset === TYPE) return REGIONS << 8;
    if (offset === CTRL) return this.control;
    if (offset === RNR) return this.selected;
    if (offset > END) return 0;
    return (offset - RBAR) & 4 ? region.attributes : (region.base | this.selected) >>> 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    if (offset === CTRL && value & CTRL_ENABLE && !this.enforced) throw new UnmodelledRegisterError(this.base + CTRL, 'write', 'MPU_CTRL.ENABLE');
    if (offset === CTRL) {
      const before = this.control;
      this.control = value & (CTRL_ENABLE | CTRL_HFNMIENA | CTRL_PRIVDEFENA);
      if (before !== this.control && (before | this.control) & CTRL_ENABLE) this.onChange();
    } else if (offset === RNR) this.selected = value & (REGIONS - 1);
    else if (offset >= RBAR && offset <= END) this.writeRegion((offset - RBAR) & 4 ? 'attributes' : 'base', value);
    return true;
  }

  private writeRegion(part: keyof Region, value: number): void {
    if (part === 'base' && value & RBAR_VALID) this.selected = value & (REGIONS - 1);
    const region = this.regions[this.selected];
    const before = region[part];
    region[part] = part === 'base' ? (value & ~0x1f) >>> 0 : value & RASR_MASK;
    if (this.enabled && region[part] !== before) this.onChange();
  }
}
