// SPDX-License-Identifier: MIT
// USART and UART: registers, flags, modes. RM0090 section 30 (STM32F405/407). Of smartcard mode, the NACK at a parity error and the card's clock
// are not modelled.

import { floorTimes, fraction, times, toNumber } from '../../machine/fraction.js';
import { type ModelContext, RegisterBlock, type RegisterNames } from '../../machine/peripheral.js';
import type { Level, Wire } from '../../machine/wire.js';
import { IrdaDecoder, IrdaEncoder } from './usart-irda.js';
import { type LineFormat, LineReceiver, LineTransmitter, type ReceivedCharacter } from './usart-line.js';

export interface UsartConfig {
  /** The bus clock behind the baud rate generator: PCLK1 or PCLK2. */
  readonly clock: string;
  /** The manual's vector name. */
  readonly vector: string;
}

const SR = 0x00;
const DR = 0x04;
const BRR = 0x08;
const CR1 = 0x0c;
const CR2 = 0x10;
const CR3 = 0x14;
const GTPR = 0x18;

export interface UsartFormat extends LineFormat {
  /** Of `wordBits` the last one, when there is a parity. */
  readonly parity: 'none' | 'even' | 'odd';
}

export const USART_REGISTERS: RegisterNames = {
  [SR]: 'SR', [DR]: 'DR', [BRR]: 'BRR', [CR1]: 'CR1', [CR2]: 'CR2', [CR3]: 'CR3', [GTPR]: 'GTPR',
};

// SR, 30.6.1
const SR_PE = 1 << 0; // parity error
const SR_FE = 1 << 1; // framing error
const SR_NF = 1 << 2; // noise detected
const SR_ORE = 1 << 3; // overrun error
const SR_IDLE = 1 << 4; // idle line detected
const SR_RXNE = 1 << 5; // read data register not empty
const SR_TC = 1 << 6; // transmission complete
const SR_TXE = 1 << 7; // transmit data register empty
const SR_LBD = 1 << 8; // LIN break detected
const SR_CTS = 1 << 9; // CTS changed
/** Cleared by reading SR and then DR. */
const SR_SEQUENCE = SR_PE | SR_FE | SR_NF | SR_ORE | SR_IDLE;
/** Cleared by writing 0. */
const SR_RC_W0 = SR_CTS | SR_LBD | SR_TC | SR_RXNE;
const SR_RESET = SR_TXE | SR_TC;

// CR1, 30.6.4
const CR1_SBK = 1 << 0; // send break
const CR1_RWU = 1 << 1; // receiver wakeup (mute mode)
const CR1_RE = 1 << 2; // receiver enable
const CR1_TE = 1 << 3; // transmitter enable
const CR1_IDLEIE = 1 << 4; // IDLE interrupt enable
const CR1_RXNEIE = 1 << 5; // RXNE interrupt enable
const CR1_TCIE = 1 << 6; // TC interrupt enable
const CR1_TXEIE = 1 << 7; // TXE interrupt enable
const CR1_PEIE = 1 << 8; // PE interrupt enable
const CR1_PS = 1 << 9; // odd parity
const CR1_PCE = 1 << 10; // parity control enable
const CR1_WAKE = 1 << 11; // mute mode ends by an address instead of an idle line
const CR1_M = 1 << 12; // nine bits between start and stop
const CR1_UE = 1 << 13; // USART enable
const CR1_OVER8 = 1 << 15; // eight samples a bit
const CR1_WRITABLE = 0xbfff;

// CR2, 30.6.5
const CR2_ADD = 0xf; // address in mute mode
const CR2_LBDL = 1 << 5; // LIN break of 11 bits instead of 10
const CR2_LBDIE = 1 << 6; // LBD interrupt enable
const CR2_LBCL = 1 << 8; // the last data bit has a clock pulse
const CR2_CPHA = 1 << 9; // data are taken at the second edge of a pulse
const CR2_CPOL = 1 << 10; // the clock rests high
const CR2_CLKEN = 1 << 11; // synchronous clock
const CR2_STOP_SHIFT = 12; // stop bits: 1, 0.5, 2, 1.5
const CR2_LINEN = 1 << 14; // LIN mode
const CR2_WRITABLE = 0x7f6f;

// CR3, 30.6.6
const CR3_EIE = 1 << 0; // error interrupt enable
const CR3_IREN = 1 << 1; // IrDA
const CR3_IRLP = 1 << 2; // IrDA low power
const CR3_HDSEL = 1 << 3; // half-duplex
const CR3_SCEN = 1 << 5; // smartcard
const CR3_DMAR = 1 << 6; // DMA enable receiver
const CR3_DMAT = 1 << 7; // DMA enable transmitter
const CR3_RTSE = 1 << 8; // RTS flow control
const CR3_CTSE = 1 << 9; // CTS flow control
const CR3_CTSIE = 1 << 10; // CTS interrupt enable
const CR3_ONEBIT = 1 << 11; // one sample a bit
const CR3_WRITABLE = 0x0fff;

/** 30.3.8: a LIN break is 13 low bits. */
const LIN_BREAK_BITS = 13;
/** A bit, and stop bits by STOP, in the line's units. */
const BIT_UNITS = 32;
const STOP_UNITS = [32, 16, 64, 48];

const parityOf = (word: number): number => {
  let ones = 0;
  for (let w = word; w !== 0; w >>>= 1) ones ^= w & 1;
  return ones;
};

export class Usart extends RegisterBlock {
  private sr = SR_RESET;
  private brr = 0;
  private cr1 = 0;
  private cr2 = 0;
  private cr3 = 0;
  private gtpr = 0;
  private rdr = 0;
  private tdr = 0;
  /** SR as software last saw it: the flags that an access to DR may clear. */
  private seen = 0;
  /** IDLE rises once after the receiver is enabled or RXNE was set (SR.IDLE, note). */
  private idleArmed = false;
  /** TE has risen: a frame of ones goes out before anything else. */
  private idleFrameDue = false;
  /** Told when the receiver has been set up anew. */
  onReceiver: (() => void) | undefined;
  /** Cycle of the last falling edge of the line that is listened to, for LIN breaks. */
  private fellAt = -1;
  private readonly rx: Wire;
  private readonly tx: Wire;
  private readonly ck: Wire;
  private readonly rts: Wire;
  private readonly cts: Wire;
  private readonly irdaIn: IrdaDecoder;
  private readonly irdaOut: IrdaEncoder;
  private readonly receiver: LineReceiver;
  private readonly transmitter: LineTransmitter;
  private readonly line;
  private readonly rxRequest;
  private readonly txRequest;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: UsartConfig) {
    super(name, base, USART_REGISTERS);
    this.rx = ctx.signal(`${name}_RX`).incoming;
    this.tx = ctx.signal(`${name}_TX`);
    this.irdaIn = new IrdaDecoder(this.rx, ctx.timeline);
    this.irdaOut = new IrdaEncoder(this.tx, ctx.timeline);
    this.receiver = new LineReceiver([this.rx, this.tx.incoming, this.irdaIn.line], ctx.timeline, (c) => this.received(c), () => this.idleLine(), () => this.stopBit());
    this.transmitter = new LineTransmitter({ set: (level) => this.drive(level) }, ctx.timeline);
    [this.ck, this.rts, this.cts] = ['CK', 'RTS', 'CTS'].map((line) => ctx.signal(`${name}_${line}`));
    this.cts.incoming.onEdge(() => this.ctsChanged());
    for (const wire of [this.rx, this.tx.incoming]) wire.onEdge((level, cycle) => this.watchBreak(wire, level, cycle));
    this.line = ctx.interrupt(config.vector);
    this.rxRequest = ctx.dmaRequest(`${name}_RX`);
    this.txRequest = ctx.dmaRequest(`${name}_TX`);
    ctx.clocks.onChange(() => this.applyReceiver());
  }

  /** Reset by the RCC: all registers at their reset values, what is under way is dropped. */
  reset(): void {
    for (const offset of [CR1, CR2, CR3, BRR, GTPR]) this.writeRegister(offset, 0);
    this.sr = SR_RESET;
    this.rdr = this.tdr = this.seen = 0;
    this.idleArmed = this.idleFrameDue = false;
    this.update();
  }

  override peek(offset: number): number {
    switch (offset) {
      case SR: return this.sr;
      case DR: return this.rdr;
      case BRR: return this.brr;
      case CR1: return this.cr1;
      case CR2: return this.cr2;
      case CR3: return this.cr3;
      case GTPR: return this.gtpr;
      default: return 0;
    }
  }

  protected override readRegister(offset: number): number | undefined {
    if (USART_REGISTERS[offset] === undefined) return undefined;
    const value = this.peek(offset);
    if (offset === SR) this.seen = this.sr;
    if (offset === DR) {
      this.sr &= ~(SR_RXNE | (this.seen & SR_SEQUENCE));
      this.seen &= ~SR_SEQUENCE;
      this.update();
    }
    return value;
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case SR:
        this.sr &= value | ~SR_RC_W0;
        break;
      case DR:
        this.tdr = value & 0x1ff;
        // TC goes with "read SR, write DR", TXE with any write.
        this.sr &= ~(SR_TXE | (this.seen & SR_TC));
        this.seen &= ~SR_TC;
        this.pump();
        break;
      case BRR:
        this.brr = value & 0xffff;
        this.applyReceiver();
        this.checkBaudRate();
        break;
      case CR1:
        this.writeCr1(value & CR1_WRITABLE);
        break;
      case CR2:
        this.cr2 = value & CR2_WRITABLE;
        if ((this.cr2 >>> CR2_STOP_SHIFT) & 1 && !(this.cr3 & CR3_SCEN)) this.diagnose('CR2.STOP asks for 0.5 or 1.5 stop bits, which are for smartcard mode');
        if (this.cr2 & CR2_CLKEN) this.ck.set(this.cr2 & CR2_CPOL ? 1 : 0);
        this.applyReceiver();
        break;
      case CR3:
        this.writeCr3(value & CR3_WRITABLE);
        break;
      case GTPR:
        this.gtpr = value & 0xffff;
        break;
      default:
        return false;
    }
    this.update();
    return true;
  }

  private writeCr3(value: number): void {
    const rising = value & ~this.cr3;
    this.cr3 = value;
    if (rising & CR3_SCEN) this.diagnose('CR3.SCEN: of smartcard mode, the NACK at a parity error and the clock for the card are not modelled');
    if (rising & CR3_CTSE && this.ctx.padsOf(`${this.name}_CTS`).length === 0) this.diagnose(`CR3.CTSE: no pad is routed to ${this.name}_CTS, so nothing is sent`);
    // An IrDA line rests low; one line for both ways is let go while nothing is sent.
    if (!this.transmitter.busy) this.drive(1);
    this.applyReceiver();
    this.pump();
  }

  private get oneLine(): boolean {
    return (this.cr3 & (CR3_HDSEL | CR3_SCEN)) !== 0;
  }

  /** A level of the transmitter on its way to the pin. */
  private drive(level: Level): void {
    if (this.cr3 & CR3_IREN) {
      const format = this.format();
      if (format !== undefined) this.irdaOut.set(level, floorTimes(BIT_UNITS, format.unit), this.cr3 & CR3_IRLP ? this.irdaLowPowerPulse : undefined);
    } else this.tx.drive(level, !this.oneLine || this.transmitter?.busy === true);
  }

  /** 30.3.12: a low-power pulse is three periods of the clock that PSC divides. */
  private get irdaLowPowerPulse(): number {
    return Math.floor(3 * (this.gtpr & 0xff) * toNumber(this.ctx.clocks.cyclesPerTick(this.config.clock)));
  }

  private ctsChanged(): void {
    if (!(this.cr3 & CR3_CTSE)) return;
    this.sr |= SR_CTS;
    this.pump();
    this.update();
  }

  /** 30.3.8: a break is as many low bits as LBDL says, and the delimiter after them. */
  private watchBreak(wire: Wire, level: Level, cycle: number): void {
    if (!(this.cr2 & CR2_LINEN) || !(this.cr1 & CR1_UE) || wire !== (this.oneLine ? this.tx.incoming : this.rx)) return;
    if (level === 0) {
      this.fellAt = cycle;
      return;
    }
    const format = this.format();
    if (format === undefined || this.fellAt < 0) return;
    const bits = Math.round((cycle - this.fellAt) / (BIT_UNITS * toNumber(format.unit)));
    this.fellAt = -1;
    if (bits < (this.cr2 & CR2_LBDL ? 11 : 10)) return;
    this.sr |= SR_LBD;
    this.update();
  }

  private writeCr1(value: number): void {
    // 30.6.4, RWU: waking by an address, it can be written only while RXNE is 0.
    if (value & CR1_WAKE && this.sr & SR_RXNE) value = (value & ~CR1_RWU) | (this.cr1 & CR1_RWU);
    const rising = value & ~this.cr1;
    const falling = this.cr1 & ~value;
    if (falling & CR1_TE && this.transmitter.busy && this.cr1 & CR1_UE) {
      this.diagnose('CR1.TE was cleared during a transmission, which corrupts the character on a real line (30.3.2)');
    }
    this.cr1 = value;
    if (rising & CR1_TE) this.idleFrameDue = true;
    if (rising & CR1_RE) this.idleArmed = true;
    this.applyReceiver();
    if (rising & CR1_UE) this.checkBaudRate();
    this.pump();
  }

  /** How characters look on the wire as the registers are now, for whoever is at its other end; undefined without a baud rate. */
  get wireFormat(): UsartFormat | undefined {
    const format = this.format();
    if (format === undefined) return undefined;
    return { ...format, parity: !(this.cr1 & CR1_PCE) ? 'none' : this.cr1 & CR1_PS ? 'odd' : 'even' };
  }

  /** Whether characters that come in now are received. */
  get receives(): boolean {
    return (this.cr1 & CR1_UE) !== 0 && (this.cr1 & CR1_RE) !== 0 && this.format() !== undefined;
  }

  /** The format in force, or undefined without a baud rate: USARTDIV must be 1 or more. */
  private format(): LineFormat | undefined {
    const over8 = (this.cr1 & CR1_OVER8) !== 0;
    // BRR holds USARTDIV with four fraction bits, or with three in bits 2:0 when OVER8 is set (30.3.4): either way a bit is that many ticks.
    const bitTicks = over8 ? ((this.brr >>> 4) << 3) | (this.brr & 7) : this.brr;
    if (bitTicks < (over8 ? 8 : 16) || !this.ctx.clocks.running(this.config.clock)) return undefined;
    return {
      unit: times(fraction(bitTicks, 32), this.ctx.clocks.cyclesPerTick(this.config.clock)),
      wordBits: this.cr1 & CR1_M ? 9 : 8,
      stopUnits: STOP_UNITS[(this.cr2 >>> CR2_STOP_SHIFT) & 3],
      over8,
      oneBit: (this.cr3 & CR3_ONEBIT) !== 0,
      breakBits: this.cr2 & CR2_LINEN ? LIN_BREAK_BITS : undefined,
      eachBit: (this.cr3 & CR3_IREN) !== 0,
    };
  }

  private checkBaudRate(): void {
    if (this.cr1 & CR1_UE && this.format() === undefined) this.diagnose(`BRR is 0x${this.brr.toString(16)}: USARTDIV is below 1, there is no baud rate`);
    if (this.cr1 & CR1_OVER8 && this.brr & 8) this.diagnose('BRR bit 3 must be kept clear when CR1.OVER8 is set');
  }

  private applyReceiver(): void {
    // With a clock, data come in step with what goes out, and not by start bits.
    const on = this.cr1 & CR1_UE && this.cr1 & CR1_RE && !(this.cr2 & CR2_CLKEN);
    const format = on ? this.format() : undefined;
    this.irdaIn.listen(this.cr3 & CR3_IREN && format !== undefined ? floorTimes(BIT_UNITS, format.unit) : undefined);
    this.receiver.select(this.cr3 & CR3_IREN ? this.irdaIn.line : this.oneLine ? this.tx.incoming : this.rx);
    this.receiver.listen(format);
    this.onReceiver?.();
  }

  private get dataBits(): number {
    return (this.cr1 & CR1_M ? 9 : 8) - (this.cr1 & CR1_PCE ? 1 : 0);
  }

  /** Whether a character is for this receiver: in mute mode (30.3.6) only from its address on, and an address of another mutes it. */
  private isForUs(word: number): boolean {
    if (!(this.cr1 & CR1_WAKE)) return !(this.cr1 & CR1_RWU);
    if (((word >>> (this.dataBits - 1)) & 1) === 0) return !(this.cr1 & CR1_RWU);
    const own = (word & 0xf) === (this.cr2 & CR2_ADD);
    this.cr1 = own ? this.cr1 & ~CR1_RWU : this.cr1 | CR1_RWU;
    return own;
  }

  private received({ word, noise, framingError }: ReceivedCharacter): void {
    if (!this.isForUs(word)) return this.update();
    if (this.sr & SR_RXNE) {
      // The new character is lost with its own errors; only ORE tells (30.3.3, SR.FE).
      this.sr |= SR_ORE;
    } else {
      this.rdr = word;
      this.sr |= SR_RXNE | (noise ? SR_NF : 0) | (framingError ? SR_FE : 0);
      if (this.cr1 & CR1_PCE && parityOf(word) !== (this.cr1 & CR1_PS ? 1 : 0)) this.sr |= SR_PE;
      this.idleArmed = true;
    }
    this.update();
  }

  /** RTS rises early enough for the sender not to begin another character. */
  private stopBit(): void {
    if (this.cr3 & CR3_RTSE) this.rts.set(1);
  }

  private idleLine(): void {
    if (this.cr1 & CR1_RWU) {
      // 30.3.6: the idle line wakes, and is not reported.
      if (!(this.cr1 & CR1_WAKE)) this.cr1 &= ~CR1_RWU;
      return;
    }
    if (!this.idleArmed) return;
    this.idleArmed = false;
    this.sr |= SR_IDLE;
    this.update();
  }

  /** Starts the next frame when the shift register is free. */
  private pump(): void {
    if (this.transmitter.busy || !(this.cr1 & CR1_UE) || !(this.cr1 & CR1_TE)) return;
    const format = this.format();
    if (format === undefined) return;
    // 30.3.14: nothing new starts while CTS is high.
    if (this.cr3 & CR3_CTSE && this.cts.incoming.level === 1) return;
    if (this.idleFrameDue) {
      this.idleFrameDue = false;
      this.transmitter.idle(format, () => this.frameSent(false));
    } else if (this.cr1 & CR1_SBK) {
      this.transmitter.break(format, () => {
        this.cr1 &= ~CR1_SBK;
        this.frameSent(true);
      });
    } else if (!(this.sr & SR_TXE)) {
      this.sr |= SR_TXE;
      if (this.cr2 & CR2_CLKEN) this.clockFrame(format);
      this.transmitter.character(this.wordToSend(), format, () => this.frameSent(true));
    }
  }

  private wordToSend(): number {
    const wordBits = this.cr1 & CR1_M ? 9 : 8;
    if (!(this.cr1 & CR1_PCE)) return this.tdr & ((1 << wordBits) - 1);
    const data = this.tdr & ((1 << (wordBits - 1)) - 1);
    return data | ((parityOf(data) ^ (this.cr1 & CR1_PS ? 1 : 0)) << (wordBits - 1));
  }

  /** 30.3.9: one clock pulse for each data bit, none for start and stop; what comes in meanwhile is received in step. */
  private clockFrame(format: LineFormat): void {
    const { timeline } = this.ctx;
    const start = timeline.now;
    const [rest, phase] = [this.cr2 & CR2_CPOL ? 1 : 0, this.cr2 & CR2_CPHA ? 1 : 0];
    const at = (halfBits: number) => start + floorTimes((halfBits * BIT_UNITS) / 2, format.unit);
    const pulses = format.wordBits - (this.cr2 & CR2_LBCL ? 0 : 1);
    for (let bit = 1; bit <= pulses; bit++) {
      // CPHA = 0 takes data at the first edge, in the middle of the bit; CPHA = 1 at the second one, there as well.
      timeline.at(at(2 * bit + 1 - phase), () => this.ck.set((1 - rest) as Level));
      timeline.at(at(2 * bit + 2 - phase), () => this.ck.set(rest as Level));
    }
    timeline.at(at(2 * format.wordBits + 2), () => {
      if (!(this.cr1 & CR1_RE)) return;
      let word = 0;
      for (let bit = 1; bit <= format.wordBits; bit++) word |= this.rx.levelAt(at(2 * bit + 1)) << (bit - 1);
      this.received({ word, noise: false, framingError: false });
    });
  }

  private frameSent(completes: boolean): void {
    this.pump();
    if (!this.transmitter.busy) this.drive(1);
    if (completes && !this.transmitter.busy && this.sr & SR_TXE) this.complete();
    this.update();
  }

  /** TC; in smartcard mode only after the guard time, in bits (30.6.7, GT). */
  private complete(): void {
    const format = this.cr3 & CR3_SCEN ? this.format() : undefined;
    if (format === undefined) this.sr |= SR_TC;
    else {
      this.ctx.timeline.after(floorTimes(BIT_UNITS * (this.gtpr >>> 8), format.unit), () => {
        if (!this.transmitter.busy && this.sr & SR_TXE) this.sr |= SR_TC;
        this.update();
      });
    }
  }

  private update(): void {
    const { sr, cr1, cr3 } = this;
    const dmaErrors = cr3 & CR3_EIE && cr3 & CR3_DMAR ? SR_FE | SR_ORE | SR_NF : 0;
    const enabled = (cr1 & CR1_TXEIE ? SR_TXE : 0) | (cr1 & CR1_TCIE ? SR_TC : 0) | (cr1 & CR1_RXNEIE ? SR_RXNE | SR_ORE : 0)
      | (cr1 & CR1_IDLEIE ? SR_IDLE : 0) | (this.cr2 & CR2_LBDIE ? SR_LBD : 0) | (cr3 & CR3_CTSIE ? SR_CTS : 0) | (cr1 & CR1_PEIE ? SR_PE : 0) | dmaErrors;
    this.line.set((sr & enabled) !== 0);
    // 30.3.14: RTS is low while the receive register can take a character.
    if (cr3 & CR3_RTSE) this.rts.set(cr1 & CR1_UE && cr1 & CR1_RE && !(sr & SR_RXNE) ? 0 : 1);
    this.rxRequest.set((cr3 & CR3_DMAR) !== 0 && (sr & SR_RXNE) !== 0);
    this.txRequest.set((cr3 & CR3_DMAT) !== 0 && (sr & SR_TXE) !== 0);
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
