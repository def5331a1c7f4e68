// SPDX-License-Identifier: MIT
// USB on-the-go controllers with nothing in their sockets: RM0090 rev 18, chapters 34 (full speed) and 35 (high speed); RM0383, chapter 22. There is no
// cable, so the ID pin floats, VBUS is absent, and no frame, reset or packet ever comes; what firmware sets up is kept, and what it sends stays in
// its FIFO. The core reset needs the clock of its transceiver, as on the chip: an ULPI one is on no board.

import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import { ClockTicks } from './clock-ticks.js';
import { registerNames } from './register-names.js';

export interface OtgConfig {
  readonly vector: string;
  /** OTG_FS or OTG_HS in the table of register names. */
  readonly registers: string;
  readonly endpoints: number;
  readonly channels: number;
  /** The high-speed core, whose transceiver is an ULPI one unless PHYSEL is set. */
  readonly highSpeed: boolean;
  readonly coreId: number;
}

const GOTGCTL = 0x00, GOTGINT = 0x04, GAHBCFG = 0x08, GUSBCFG = 0x0c, GRSTCTL = 0x10, GINTSTS = 0x14, GINTMSK = 0x18, GRXSTSR = 0x1c, GRXSTSP = 0x20;
const GRXFSIZ = 0x24, HNPTXFSIZ = 0x28, HNPTXSTS = 0x2c, GCCFG = 0x38, CID = 0x3c, HPTXFSIZ = 0x100, DIEPTXF1 = 0x104;
const HCFG = 0x400, HFIR = 0x404, HFNUM = 0x408, HPTXSTS = 0x410, HAINT = 0x414, HAINTMSK = 0x418, HPRT = 0x440, CHANNELS = 0x500;
const DCFG = 0x800, DCTL = 0x804, DSTS = 0x808, DIEPMSK = 0x810, DOEPMSK = 0x814, DAINT = 0x818, DAINTMSK = 0x81c, DVBUSDIS = 0x828;
const DVBUSPULSE = 0x82c, DIEPEMPMSK = 0x834;
const IN = 0x900, OUT = 0xb00, PCGCCTL = 0xe00, FIFOS = 0x1000, FIFO_BYTES = 0x1000;

const GOTGCTL_KEPT = 0xe02, GOTGCTL_CIDSTS = 1 << 16, GOTGCTL_BSVLD = 1 << 19;
const GAHBCFG_GINT = 1 << 0;
const GUSBCFG_PHYSEL = 1 << 6, GUSBCFG_FHMOD = 1 << 29, GUSBCFG_FDMOD = 1 << 30;
const GRSTCTL_CSRST = 1 << 0, GRSTCTL_TXFFLSH = 1 << 5, GRSTCTL_RESETS = 0x37, GRSTCTL_AHBIDL = 0x8000_0000;
const TXFNUM_ALL = 0x10;
const GINTSTS_CMOD = 1 << 0, GINTSTS_NPTXFE = 1 << 5, GINTSTS_GINAKEFF = 1 << 6, GINTSTS_GONAKEFF = 1 << 7;
const GINTSTS_IEPINT = 1 << 18, GINTSTS_OEPINT = 1 << 19, GINTSTS_HCINT = 1 << 25, GINTSTS_PTXFE = 1 << 26, GINTSTS_SRQINT = 1 << 30;
/** Events that a one clears. */
const GINTSTS_EVENTS = 0xf030_fc0a;
const GCCFG_NOVBUSSENS = 1 << 21;
const DCTL_KEPT = 0x873; // RWUSIG, SDIS, TCTL, POPRGDNE
const DCTL_GINSTS = 1 << 2, DCTL_GONSTS = 1 << 3, DCTL_SGINAK = 1 << 7, DCTL_CGINAK = 1 << 8, DCTL_SGONAK = 1 << 9, DCTL_CGONAK = 1 << 10;
// An endpoint's or a channel's control register.
const ENABLE = (1 << 31) >>> 0, DISABLE = 1 << 30, SNAK = 1 << 27, CNAK = 1 << 26, NAKSTS = 1 << 17, USBAEP = 1 << 15, DATA_PID = 3 << 28;
const INT_DISABLED = 1 << 1; // EPDISD, CHH
const INT_TXFE = 1 << 7; // an IN endpoint's FIFO is empty
const HPRT_EVENTS = 0x2a, HPRT_KEPT = 0x7_f1c0; // PENCHNG, PCDET, POCCHNG; PSPD to PRES without PCSTS and PENA
const RESET_VALUES: readonly (readonly [offset: number, value: number])[] = [
  [GOTGCTL, 0x800], [GUSBCFG, 0xa00], [GRXFSIZ, 0x200], [HNPTXFSIZ, 0x0000_0200], [HPTXFSIZ, 0x0200_0600], [HFIR, 0xea60], [DCFG, 0x0220_0000],
  [DVBUSDIS, 0x17d7], [DVBUSPULSE, 0x5b8],
];
const SURVIVORS = [[GUSBCFG, GUSBCFG_PHYSEL], [HCFG, 3], [DCFG, 3], [PCGCCTL, 0x13]] as const;
/** AHB clocks until a flush or a reset has ended (35.12, RXFFLSH). */
const RESET_CLOCKS = 8;
/** A forced mode takes so long (34.16.1, FHMOD). */
const FORCE_MICROSECONDS = 25_000;
const DEFAULT_DEPTH = 0x200;

export class Otg extends RegisterBlock {
  private readonly values = new Map<number, number>();
  private events = 0;
  private resetting = 0;
  private host = false;
  /** Words that firmware has put into each transmit FIFO. */
  private readonly levels: number[];
  private readonly ahb: ClockTicks;
  private readonly micros: ClockTicks;
  private readonly line: InterruptLine;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: OtgConfig) {
    super(name, base, registerNames[config.registers]);
    this.line = ctx.interrupt(config.vector);
    this.ahb = new ClockTicks(ctx, 'HCLK');
    this.micros = new ClockTicks(ctx, 1e6);
    this.levels = Array.from({ length: Math.max(config.endpoints, 2) }, () => 0);
    this.coreReset();
  }

  reset(): void {
    this.ahb.restart();
    this.micros.restart();
    this.values.clear();
    this.coreReset();
  }

  /** CSRST: every register but what chooses transceiver, speeds and clocks, and all FIFOs (35.12). */
  private coreReset(): void {
    const kept = SURVIVORS.map(([offset, bits]) => [offset, this.get(offset) & bits] as const);
    this.values.clear();
    this.values.set(CID, this.config.coreId);
    for (const [offset, value] of RESET_VALUES) this.values.set(offset, value);
    for (let n = 1; n < this.config.endpoints; n++) this.values.set(DIEPTXF1 + 4 * (n - 1), 0x0200_0400);
    for (const [offset, bits] of kept) this.values.set(offset, this.get(offset) | bits);
    this.values.set(IN, USBAEP);
    this.values.set(OUT, USBAEP);
    this.events = this.resetting = 0;
    this.host = false;
    this.levels.fill(0);
    this.update();
  }

  private get(offset: number): number {
    return this.values.get(offset) ?? 0;
  }

  // Registers

  protected override readRegister(offset: number): number | undefined {
    if (offset >= FIFOS) return offset < FIFOS + FIFO_BYTES * this.levels.length ? 0 : undefined;
    if (this.registerNames[offset] === undefined) return this.isBeyondFifos(offset) ? 0 : undefined;
    switch (offset) {
      case GOTGCTL: return this.get(GOTGCTL) | GOTGCTL_CIDSTS | (this.sessionValid ? GOTGCTL_BSVLD : 0);
      case GRSTCTL: return (GRSTCTL_AHBIDL | (this.get(GRSTCTL) & 0x7c0) | this.resetting) >>> 0;
      case GINTSTS: return this.interruptStatus();
      case GRXSTSR: case GRXSTSP: case HFNUM: return offset === HFNUM ? 0x3fff : 0;
      case HNPTXSTS: return (8 << 16) | this.space(0);
      case HPTXSTS: return (8 << 16) | this.space(1);
      case HAINT: return this.channelInterrupts();
      case DSTS: return 0x10;
      case DAINT: return this.endpointInterrupts();
    }
    if (offset >= IN && offset < OUT) return this.readIn((offset - IN) >> 5, offset & 0x1f) ?? this.get(offset);
    return this.get(offset);
  }

  /** Sizes of transmit FIFOs that larger cores have: drivers clear all fifteen, whatever there is. */
  private isBeyondFifos(offset: number): boolean {
    return offset >= DIEPTXF1 && offset < DIEPTXF1 + 4 * 15;
  }

  private readIn(endpoint: number, register: number): number | undefined {
    if (register === 0x08) return this.get(IN + 0x20 * endpoint + 8) | (this.levels[endpoint] === 0 ? INT_TXFE : 0);
    return register === 0x18 ? this.space(endpoint) : undefined;
  }

  /** What ones clear must not be cleared by a narrow write of other bytes. */
  override peek(offset: number): number {
    return offset === GINTSTS || offset === GOTGINT || offset === HPRT || this.isInterruptRegister(offset) ? 0 : super.peek(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset >= FIFOS) return this.fill(Math.floor((offset - FIFOS) / FIFO_BYTES));
    if (this.registerNames[offset] === undefined) return this.isBeyondFifos(offset);
    switch (offset) {
      case GOTGCTL: this.values.set(GOTGCTL, value & GOTGCTL_KEPT); break;
      case GOTGINT: break;
      case GUSBCFG: this.writeConfig(value); break;
      case GRSTCTL: this.writeReset(value); break;
      case GINTSTS: this.events &= ~value; break;
      case GRXSTSR: case GRXSTSP: case HNPTXSTS: case HFNUM: case HPTXSTS: case HAINT: case DSTS: case DAINT: break;
      case GCCFG: this.writeCore(value); break;
      case HPRT: this.values.set(HPRT, (this.get(HPRT) & HPRT_EVENTS & ~value) | (value & HPRT_KEPT)); break;
      case DCTL: this.writeDeviceControl(value); break;
      default: this.writeOther(offset, value);
    }
    this.update();
    return true;
  }

  private writeOther(offset: number, value: number): void {
    const inRange = offset >= CHANNELS && offset < PCGCCTL && !(offset >= DCFG && offset < IN);
    if (this.isInterruptRegister(offset)) this.values.set(offset, this.get(offset) & ~value);
    else if (inRange && (offset & 0x1f) === 0) this.writeUnit(offset, value);
    else this.values.set(offset, value >>> 0);
  }

  /** DIEPINTx, DOEPINTx and HCINTx stand at the same place of their groups. */
  private isInterruptRegister(offset: number): boolean {
    return (offset & 0x1f) === 8 && ((offset >= CHANNELS && offset < DCFG) || (offset >= IN && offset < PCGCCTL));
  }

  /** DIEPCTLx, DOEPCTLx, HCCHARx: nothing is on its way, so what is to be disabled is so at once. */
  private writeUnit(offset: number, value: number): void {
    const channel = offset < DCFG;
    const before = this.get(offset);
    let after = (value & ~(ENABLE | DISABLE)) >>> 0;
    if (!channel) {
      after &= ~(SNAK | CNAK | DATA_PID | NAKSTS);
      after |= value & SNAK ? NAKSTS : value & CNAK ? 0 : before & NAKSTS;
      if (offset === IN || offset === OUT) after |= USBAEP;
    }
    const enabled = (before & ENABLE) !== 0 || (value & ENABLE) !== 0;
    if (enabled && value & DISABLE) this.values.set(offset + 8, this.get(offset + 8) | INT_DISABLED);
    else if (enabled) after |= ENABLE;
    this.values.set(offset, after >>> 0);
  }

  private writeDeviceControl(value: number): void {
    let after = value & DCTL_KEPT;
    after |= value & DCTL_SGINAK ? DCTL_GINSTS : value & DCTL_CGINAK ? 0 : this.get(DCTL) & DCTL_GINSTS;
    after |= value & DCTL_SGONAK ? DCTL_GONSTS : value & DCTL_CGONAK ? 0 : this.get(DCTL) & DCTL_GONSTS;
    this.values.set(DCTL, after);
  }

  private writeConfig(value: number): void {
    const before = this.get(GUSBCFG);
    this.values.set(GUSBCFG, value >>> 0);
    if (((before ^ value) & (GUSBCFG_FHMOD | GUSBCFG_FDMOD)) === 0) return;
    this.micros.after(FORCE_MICROSECONDS, () => {
      // With nothing in the socket the ID pin floats, and that means a device.
      this.host = (this.get(GUSBCFG) & GUSBCFG_FHMOD) !== 0;
      this.update();
    });
  }

  private writeCore(value: number): void {
    const before = this.sessionValid;
    this.values.set(GCCFG, value >>> 0);
    if (this.sessionValid && !before) this.events |= GINTSTS_SRQINT;
  }

  private get sessionValid(): boolean {
    return (this.get(GCCFG) & GCCFG_NOVBUSSENS) !== 0;
  }

  // Resets and FIFOs

  private writeReset(value: number): void {
    this.values.set(GRSTCTL, value & 0x7c0);
    const begun = value & GRSTCTL_RESETS;
    if (begun === 0) return;
    this.resetting |= begun;
    if (!this.clocked) {
      const message = `GRSTCTL = 0x${value.toString(16)}: without the clock of its transceiver (${this.transceiver}) the core does not come out of it`;
      this.ctx.diagnose({ where: this.name, message });
      return;
    }
    this.ahb.after(RESET_CLOCKS, () => {
      this.resetting &= ~begun;
      if (begun & GRSTCTL_TXFFLSH) this.flush((value >>> 6) & 0x1f);
      if (begun & GRSTCTL_CSRST) this.coreReset();
      this.update();
    });
  }

  private get transceiver(): string {
    return this.config.highSpeed && !(this.get(GUSBCFG) & GUSBCFG_PHYSEL) ? 'ULPI' : 'PLL48CLK';
  }
  private get clocked(): boolean {
    return this.transceiver !== 'ULPI' && this.ctx.clocks.running('PLL48CLK');
  }

  private flush(fifo: number): void {
    if (fifo === TXFNUM_ALL) this.levels.fill(0);
    else if (fifo < this.levels.length) this.levels[fifo] = 0;
  }

  private fill(fifo: number): boolean {
    if (fifo >= this.levels.length) return false;
    if (this.space(fifo) === 0) this.ctx.diagnose({ where: this.name, message: `transmit FIFO ${fifo} was written while it is full` });
    else this.levels[fifo]++;
    this.update();
    return true;
  }

  /** Free words of a transmit FIFO. */
  private space(fifo: number): number {
    const size = fifo === 0 ? this.get(HNPTXFSIZ) : this.get(DIEPTXF1 + 4 * (fifo - 1));
    return Math.max(0, ((size >>> 16) || DEFAULT_DEPTH) - (this.levels[fifo] ?? 0));
  }

  // Interrupts

  private endpointInterrupts(): number {
    let bits = 0;
    for (let n = 0; n < this.config.endpoints; n++) {
      const empty = this.levels[n] === 0 && this.get(DIEPEMPMSK) & (1 << n);
      if (this.get(IN + 0x20 * n + 8) & this.get(DIEPMSK) || empty) bits |= 1 << n;
      if (this.get(OUT + 0x20 * n + 8) & this.get(DOEPMSK)) bits |= 1 << (16 + n);
    }
    return bits >>> 0;
  }

  private channelInterrupts(): number {
    let bits = 0;
    for (let n = 0; n < this.config.channels; n++) if (this.get(CHANNELS + 0x20 * n + 8) & this.get(CHANNELS + 0x20 * n + 12)) bits |= 1 << n;
    return bits;
  }

  private interruptStatus(): number {
    let bits = (this.events & GINTSTS_EVENTS) | (this.host ? GINTSTS_CMOD : 0);
    if (this.levels[0] === 0) bits |= GINTSTS_NPTXFE;
    if (this.levels[1] === 0) bits |= GINTSTS_PTXFE;
    if (this.get(DCTL) & DCTL_GINSTS) bits |= GINTSTS_GINAKEFF;
    if (this.get(DCTL) & DCTL_GONSTS) bits |= GINTSTS_GONAKEFF;
    const endpoints = this.endpointInterrupts() & this.get(DAINTMSK);
    if (!this.host && endpoints & 0xffff) bits |= GINTSTS_IEPINT;
    if (!this.host && endpoints >>> 16) bits |= GINTSTS_OEPINT;
    if (this.host && this.channelInterrupts() & this.get(HAINTMSK)) bits |= GINTSTS_HCINT;
    return bits >>> 0;
  }

  private update(): void {
    this.line.set((this.get(GAHBCFG) & GAHBCFG_GINT) !== 0 && (this.interruptStatus() & this.get(GINTMSK)) !== 0);
  }
}
