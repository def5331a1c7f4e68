// SPDX-License-Identifier: MIT
// One GPIO port of the STM32F40x: RM0090 rev 18, chapter 8. OSPEEDR is kept and has no effect: edges take no time here.

import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import type { Level } from '../../machine/wire.js';
import type { Pad, PadRouter, PadSetup } from './pad-router.js';
import { registerNames } from './register-names.js';

export interface GpioConfig {
  /** A to I. */
  readonly port: string;
  /** Reset values that are not 0: ports A and B come up with the debug port's pins set up (8.4.1, 8.4.3, 8.4.4). */
  readonly reset?: { readonly MODER?: number; readonly OSPEEDR?: number; readonly PUPDR?: number };
  readonly router: PadRouter;
  /** Pad name to the sixteen alternate functions' signals. */
  readonly alternateFunctions: Readonly<Record<string, readonly (readonly string[])[]>>;
}

const MODER = 0x00, OTYPER = 0x04, OSPEEDR = 0x08, PUPDR = 0x0c, IDR = 0x10, ODR = 0x14, BSRR = 0x18, LCKR = 0x1c, AFRL = 0x20, AFRH = 0x24;
const LCKR_LCKK = 1 << 16; // lock key
const MODES = ['input', 'output', 'alternate', 'analog'] as const;
const PULLS = ['none', 'up', 'down', 'none'] as const;
const PINS = 16;

/** Bits of a register with `width` bits a pin that belong to the pins of `mask`, the pins counted from `firstPin`. */
function spread(mask: number, width: 1 | 2 | 4, firstPin = 0): number {
  let bits = 0;
  for (let i = 0; i < 32 / width; i++) if (mask & (1 << (firstPin + i))) bits |= ((1 << width) - 1) << (i * width);
  return bits;
}

export class Gpio extends RegisterBlock {
  private readonly values = new Map<number, number>();
  private readonly pads: Pad[];
  /** Steps of the lock sequence done (8.4.8): three writes, then a read. */
  private lockStep = 0;
  private lockMask = 0;
  private locked = false;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: GpioConfig) {
    super(name, base, registerNames.GPIO);
    this.pads = Array.from({ length: PINS }, (_, n) => config.router.pad(`P${config.port}${n}`));
    this.reset();
  }

  /** Peripheral or system reset. */
  reset(): void {
    for (const offset of [OTYPER, ODR, AFRL, AFRH]) this.values.set(offset, 0);
    this.values.set(MODER, this.config.reset?.MODER ?? 0);
    this.values.set(OSPEEDR, this.config.reset?.OSPEEDR ?? 0);
    this.values.set(PUPDR, this.config.reset?.PUPDR ?? 0);
    this.lockStep = 0;
    this.lockMask = 0;
    this.locked = false;
    this.configure(0xffff);
  }

  /** The pad of pin `n`, 0 to 15. */
  pad(n: number): Pad {
    return this.pads[n];
  }

  protected override readRegister(offset: number): number | undefined {
    if (offset === LCKR && this.lockStep === 3) this.lock();
    return this.peekRegister(offset);
  }

  override peek(offset: number): number {
    return this.peekRegister(offset) ?? 0;
  }

  private peekRegister(offset: number): number | undefined {
    if (offset === IDR) return this.pads.reduce((bits, pad, n) => bits | (pad.input << n), 0);
    if (offset === BSRR) return 0;
    if (offset === LCKR) return this.lockMask | (this.locked ? LCKR_LCKK : 0);
    return this.values.get(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case MODER: case OSPEEDR: case PUPDR: this.store(offset, value, 2); break;
      case OTYPER: this.store(OTYPER, value & 0xffff, 1); break;
      case AFRL: this.store(AFRL, value, 4); break;
      case AFRH: this.store(AFRH, value, 4, 8); break;
      case ODR: this.output(value & 0xffff); break;
      case BSRR: this.output((this.values.get(ODR)! & ~(value >>> 16)) | (value & 0xffff)); break; // 8.4.7: set wins over reset
      case LCKR: this.writeLock(value & 0x1_ffff); break;
      case IDR: this.ctx.diagnose({ where: this.name, message: 'IDR is read only; the write is lost' }); break;
      default: return false;
    }
    return true;
  }

  /** Writes a configuration register, but for the pins that are locked. */
  private store(offset: number, value: number, width: 1 | 2 | 4, firstPin = 0): void {
    const before = this.values.get(offset)!;
    const frozen = this.locked ? spread(this.lockMask, width, firstPin) : 0;
    const after = ((before & frozen) | (value & ~frozen)) >>> 0;
    this.values.set(offset, after);
    let changed = 0;
    for (let i = 0; i < 32 / width && firstPin + i < PINS; i++) if (((before ^ after) >>> (i * width)) & ((1 << width) - 1)) changed |= 1 << (firstPin + i);
    if (offset !== OSPEEDR) this.configure(changed);
  }

  private output(value: number): void {
    const changed = this.values.get(ODR)! ^ value;
    this.values.set(ODR, value);
    this.configure(changed);
  }

  private configure(pins: number): void {
    for (let n = 0; n < PINS; n++) if (pins & (1 << n)) this.pads[n].configure(this.setup(n));
  }

  private setup(n: number): PadSetup {
    const field = (offset: number, width: number, pin = n): number => (this.values.get(offset)! >>> (pin * width)) & ((1 << width) - 1);
    const af = n < 8 ? field(AFRL, 4) : field(AFRH, 4, n - 8);
    return {
      mode: MODES[field(MODER, 2)], openDrain: field(OTYPER, 1) === 1, pull: PULLS[field(PUPDR, 2)], output: field(ODR, 1) as Level,
      signals: this.config.alternateFunctions[this.pads[n].name]?.[af] ?? [],
    };
  }

  /** 8.4.8: LCKK = 1, 0, 1 with the pins' bits unchanged, then a read. Anything else aborts; once done, it holds until reset. */
  private writeLock(value: number): void {
    if (this.locked) return;
    const pins = value & 0xffff;
    const key = (value & LCKR_LCKK) !== 0;
    if (key && this.lockStep === 0) this.lockStep = 1;
    else if (!key && this.lockStep === 1 && pins === this.lockMask) this.lockStep = 2;
    else if (key && this.lockStep === 2 && pins === this.lockMask) this.lockStep = 3;
    else this.lockStep = key ? 1 : 0;
    this.lockMask = pins;
  }

  private lock(): void {
    this.locked = true;
    this.lockStep = 0;
  }
}
