// SPDX-License-Identifier: MIT
// Controller area network, bxCAN: RM0090 rev 18, chapter 32. It is alone on its bus: what it sends nobody acknowledges, but it hears itself in loop-back
// mode. Frames take the time of their bits, stuffed ones included.

import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import type { Wire } from '../../machine/wire.js';
import { BITS_TO_ACKNOWLEDGE, frameBits, INTERMISSION_BITS, stuffedBits, type CanFrame } from './can-frame.js';
import { wideWord, type CanFilters } from './can-filters.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';
import { registerNames } from './register-names.js';

export interface CanConfig {
  /** TX, RX0, RX1, SCE. */
  readonly vectors: readonly string[];
  readonly filters: CanFilters;
  /** It has the filters' registers; the other one is CAN2. */
  readonly first: boolean;
}

const MCR = 0x00, MSR = 0x04, TSR = 0x08, RF0R = 0x0c, RF1R = 0x10, IER = 0x14, ESR = 0x18, BTR = 0x1c, TRANSMIT = 0x180, RECEIVE = 0x1b0, FILTERS = 0x200;
const MCR_INRQ = 1 << 0, MCR_SLEEP = 1 << 1, MCR_TXFP = 1 << 2, MCR_RFLM = 1 << 3, MCR_NART = 1 << 4, MCR_TTCM = 1 << 7, MCR_RESET = 1 << 15;
const MCR_BITS = 0x100ff, MCR_AFTER_RESET = 0x10002;
const MSR_INAK = 1 << 0, MSR_SLAK = 1 << 1, MSR_ERRI = 1 << 2, MSR_WKUI = 1 << 3, MSR_SLAKI = 1 << 4, MSR_TXM = 1 << 8, MSR_SAMP = 1 << 10, MSR_RX = 1 << 11;
// A mailbox's byte of TSR.
const RQCP = 1 << 0, TXOK = 1 << 1, TERR = 1 << 3, ABRQ = 1 << 7;
const RFR_FULL = 1 << 3, RFR_FOVR = 1 << 4, RFR_RFOM = 1 << 5;
const IER_BITS = 0x38f7f, IER_TMEIE = 1 << 0, IER_LECIE = 1 << 11, IER_ERRIE = 1 << 15, IER_WKUIE = 1 << 16, IER_SLKIE = 1 << 17;
const ESR_LEC_ACKNOWLEDGE = 3 << 4;
const BTR_LBKM = 1 << 30, BTR_SILM = 1 << 31;
const BTR_BITS = 0xc37f_03ff, BTR_AFTER_RESET = 0x0123_0000;
const TIR_TXRQ = 1 << 0;
const FIFO_DEPTH = 3;
/** Recessive bits before it takes part in the bus (32.4). */
const SYNC_BITS = 11;
/** ISO 11898-1: an error flag and its delimiter, and the pause of an error-passive transmitter; counter steps and limits. */
const ERROR_FRAME_BITS = 6 + 8, SUSPEND_BITS = 8, ERROR_STEP = 8, WARNING_LIMIT = 96, PASSIVE_LIMIT = 128;

interface Received {
  readonly id: number;
  readonly control: number;
  readonly low: number;
  readonly high: number;
}

/** TIxR, TDTxR, TDLxR, TDHxR, its byte of TSR, and when it was requested. */
interface Mailbox {
  readonly words: number[];
  status: number;
  order: number;
  pending: boolean;
}

type Mode = 'initialization' | 'sleep' | 'normal';

export class Can extends RegisterBlock {
  private MCR = MCR_AFTER_RESET;
  private IER = 0;
  private BTR = BTR_AFTER_RESET;
  private events = 0;
  private lastError = 0;
  private transmitErrors = 0;
  private mode: Mode = 'sleep';
  /** The way into normal mode, and the frame that is sent. */
  private syncing: TickAlarm | undefined;
  private sending: { readonly mailbox: Mailbox; readonly alarm: TickAlarm } | undefined;
  private requests = 0;
  private readonly mailboxes: readonly Mailbox[];
  private readonly fifos: readonly { readonly messages: Received[]; flags: number }[] = [{ messages: [], flags: 0 }, { messages: [], flags: 0 }];
  private readonly pclk: ClockTicks;
  private readonly lines: InterruptLine[];
  private readonly rx: Wire;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: CanConfig) {
    super(name, base, registerNames.CAN);
    this.pclk = new ClockTicks(ctx, 'PCLK1');
    this.lines = config.vectors.map((vector) => ctx.interrupt(vector));
    this.rx = ctx.signal(`${name}_RX`);
    this.mailboxes = Array.from({ length: 3 }, () => ({ words: [0, 0, 0, 0], status: 0, order: 0, pending: false }));
  }

  reset(): void {
    this.masterReset();
    this.IER = this.lastError = 0;
    this.BTR = BTR_AFTER_RESET;
    if (this.config.first) this.config.filters.reset();
    this.update();
  }

  /** 32.9.2: MCR, the FIFOs and what is on its way. */
  private masterReset(): void {
    this.pclk.restart();
    this.syncing = this.sending = undefined;
    this.MCR = MCR_AFTER_RESET;
    this.events = this.transmitErrors = 0;
    this.mode = 'sleep';
    for (const mailbox of this.mailboxes) {
      mailbox.status = 0;
      mailbox.pending = false;
      mailbox.words.fill(0);
    }
    for (const fifo of this.fifos) {
      fifo.messages.length = 0;
      fifo.flags = 0;
    }
  }

  // Registers

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case MCR: return this.MCR;
      case MSR: return this.status();
      case TSR: return this.transmitStatus();
      case RF0R: case RF1R: return this.fifoStatus(offset === RF0R ? 0 : 1);
      case IER: return this.IER;
      case ESR: return this.errorStatus();
      case BTR: return this.BTR;
    }
    if (offset >= FILTERS) return this.config.first ? this.config.filters.read(offset) : undefined;
    const word = (offset & 0xc) >> 2;
    if (offset >= TRANSMIT && offset < RECEIVE) return this.mailboxes[(offset - TRANSMIT) >> 4].words[word];
    if (offset < RECEIVE || offset >= RECEIVE + 0x20) return undefined;
    const message = this.fifos[(offset - RECEIVE) >> 4].messages[0];
    return message === undefined ? 0 : [message.id, message.control, message.low, message.high][word];
  }

  /** What is cleared by ones must not be by a narrow write of other bytes. */
  override peek(offset: number): number {
    return offset === MSR || offset === TSR || offset === RF0R || offset === RF1R ? 0 : super.peek(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case MCR: this.writeControl(value); break;
      case MSR: this.events &= ~(value & (MSR_ERRI | MSR_WKUI | MSR_SLAKI)); break;
      case TSR: this.writeTransmitStatus(value); break;
      case RF0R: case RF1R: this.writeFifo(this.fifos[offset === RF0R ? 0 : 1], value); break;
      case IER: this.IER = value & IER_BITS; break;
      case ESR: this.lastError = value & 0x70; break;
      case BTR:
        if (this.mode === 'initialization') this.BTR = (value & BTR_BITS) >>> 0;
        else this.diagnose('BTR was written outside of initialization mode; the write is lost');
        break;
      default: return this.writeOther(offset, value);
    }
    this.update();
    return true;
  }

  private writeOther(offset: number, value: number): boolean {
    if (offset >= FILTERS) {
      if (!this.config.first) return false;
      const done = this.config.filters.write(offset, value);
      if (typeof done === 'string') this.diagnose(`${this.registerNames[offset]} was written ${done}; the write is lost`);
      return done !== false;
    }
    if (offset >= RECEIVE && offset < RECEIVE + 0x20) return true; // read only
    const mailbox = offset >= TRANSMIT ? this.mailboxes[(offset - TRANSMIT) >> 4] : undefined;
    if (mailbox === undefined) return false;
    if (mailbox.pending) this.diagnose('a transmit mailbox was written that is not empty; the write is lost');
    else this.writeMailbox(mailbox, (offset & 0xc) >> 2, value);
    return true;
  }

  private writeMailbox(mailbox: Mailbox, word: number, value: number): void {
    mailbox.words[word] = value;
    if (word !== 0 || !(value & TIR_TXRQ)) return;
    mailbox.status = 0;
    mailbox.order = this.requests++;
    mailbox.pending = true;
    this.send();
    this.update();
  }

  private status(): number {
    const level = this.BTR & BTR_LBKM ? 1 : this.rx.level;
    return this.events | (level ? MSR_RX | MSR_SAMP : 0) | (this.sending ? MSR_TXM : 0)
      | (this.mode === 'initialization' ? MSR_INAK : 0) | (this.mode === 'sleep' ? MSR_SLAK : 0);
  }

  /** 32.9.2: the next free mailbox, which are empty, which of several comes last. */
  private transmitStatus(): number {
    const pending = this.mailboxes.filter((m) => m.pending).sort((a, b) => this.compare(a, b));
    const code = pending.length === 3 ? this.mailboxes.indexOf(pending[2]) : this.mailboxes.findIndex((m) => !m.pending);
    let value = code << 24;
    this.mailboxes.forEach((mailbox, n) => (value |= (mailbox.status << (8 * n)) | (mailbox.pending ? 0 : 1 << (26 + n))));
    if (pending.length > 1) value |= 1 << (29 + this.mailboxes.indexOf(pending[pending.length - 1]));
    return value >>> 0;
  }

  private writeTransmitStatus(value: number): void {
    this.mailboxes.forEach((mailbox, n) => {
      const byte = (value >>> (8 * n)) & 0xff;
      // RQCP takes the others along.
      mailbox.status &= byte & RQCP ? 0 : ~byte;
      if (!(byte & ABRQ) || !mailbox.pending) return;
      if (this.sending?.mailbox === mailbox) mailbox.status |= ABRQ;
      else this.complete(mailbox, 0);
    });
  }

  private fifoStatus(n: 0 | 1): number {
    return this.fifos[n].messages.length | this.fifos[n].flags;
  }

  private writeFifo(fifo: { messages: Received[]; flags: number }, value: number): void {
    fifo.flags &= ~(value & (RFR_FULL | RFR_FOVR));
    if (value & RFR_RFOM) {
      fifo.messages.shift();
      fifo.flags &= ~RFR_FULL;
    }
  }

  private errorStatus(): number {
    const flags = (this.transmitErrors >= WARNING_LIMIT ? 1 : 0) | (this.transmitErrors >= PASSIVE_LIMIT ? 2 : 0);
    return flags | this.lastError | (this.transmitErrors << 16);
  }

  // Modes

  private writeControl(value: number): void {
    if (value & MCR_RESET) {
      this.masterReset();
      return;
    }
    this.MCR = value & MCR_BITS;
    this.changeMode();
  }

  /** 32.4: what is being sent is finished first; into normal mode it goes after eleven recessive bits. */
  private changeMode(): void {
    const wanted: Mode = this.MCR & MCR_INRQ ? 'initialization' : this.MCR & MCR_SLEEP ? 'sleep' : 'normal';
    if (wanted !== 'normal') {
      this.pclk.cancel(this.syncing);
      this.syncing = undefined;
    }
    if (wanted === this.mode || this.sending !== undefined) return;
    if (wanted === 'normal') {
      if (this.syncing === undefined) this.synchronize();
      return;
    }
    if (wanted === 'sleep' && this.IER & IER_SLKIE) this.events |= MSR_SLAKI;
    this.mode = wanted;
  }

  private synchronize(): void {
    this.syncing = this.pclk.after(SYNC_BITS * this.bitTicks, () => {
      this.syncing = undefined;
      if (this.rx.level === 0 && !(this.BTR & BTR_LBKM)) {
        this.synchronize();
        return;
      }
      this.mode = 'normal';
      this.events &= ~MSR_SLAKI;
      this.send();
      this.update();
    });
  }

  /** PCLK1 periods in a bit: (BRP + 1) · (1 + TS1 + 1 + TS2 + 1) (32.7.7). */
  private get bitTicks(): number {
    return ((this.BTR & 0x3ff) + 1) * (3 + ((this.BTR >>> 16) & 0xf) + ((this.BTR >>> 20) & 7));
  }

  // Sending and receiving

  private compare(a: Mailbox, b: Mailbox): number {
    if (this.MCR & MCR_TXFP) return a.order - b.order;
    return arbitration(a.words[0]) - arbitration(b.words[0]) || this.mailboxes.indexOf(a) - this.mailboxes.indexOf(b);
  }

  private send(): void {
    // 32.5.1: in silent mode it cannot send; with loop-back it does so inside.
    const silent = (this.BTR & BTR_SILM) !== 0 && !(this.BTR & BTR_LBKM);
    if (this.mode !== 'normal' || this.sending !== undefined || silent) return;
    const [mailbox] = this.mailboxes.filter((m) => m.pending).sort((a, b) => this.compare(a, b));
    if (mailbox === undefined) return;
    const frame = frameOf(mailbox.words);
    const heard = (this.BTR & BTR_LBKM) !== 0;
    const passive = this.transmitErrors >= PASSIVE_LIMIT;
    const bits = heard ? frameBits(frame) : stuffedBits(frame) + BITS_TO_ACKNOWLEDGE + ERROR_FRAME_BITS + INTERMISSION_BITS + (passive ? SUSPEND_BITS : 0);
    const start = this.pclk.count;
    this.sending = { mailbox, alarm: this.pclk.at(start + bits * this.bitTicks, () => {
      this.sending = undefined;
      if (heard) this.sent(mailbox, frame, start);
      else this.notAcknowledged(mailbox);
      this.changeMode();
      this.send();
      this.update();
    }) };
  }

  private sent(mailbox: Mailbox, frame: CanFrame, start: number): void {
    this.complete(mailbox, TXOK);
    this.transmitErrors = Math.max(0, this.transmitErrors - 1);
    this.lastError = 0;
    const match = this.config.filters.match(frame, !this.config.first);
    if (match === undefined) return;
    const time = this.MCR & MCR_TTCM ? Math.floor(start / this.bitTicks) & 0xffff : 0;
    this.receive(this.fifos[match.fifo], {
      id: wideWord(frame), control: (frame.dlc | (match.index << 8) | (time << 16)) >>> 0, low: frame.low >>> 0, high: frame.high >>> 0,
    });
  }

  private receive(fifo: { messages: Received[]; flags: number }, message: Received): void {
    if (fifo.messages.length === FIFO_DEPTH) {
      // 32.7.3: the newest is lost, or the one before it.
      fifo.flags |= RFR_FOVR;
      if (!(this.MCR & MCR_RFLM)) fifo.messages[FIFO_DEPTH - 1] = message;
      return;
    }
    fifo.messages.push(message);
    if (fifo.messages.length === FIFO_DEPTH) fifo.flags |= RFR_FULL;
  }

  /** ISO 11898-1: eight errors more, but none for an error-passive transmitter that nobody contradicts. So it never goes off the bus. */
  private notAcknowledged(mailbox: Mailbox): void {
    const before = this.errorStatus();
    if (this.transmitErrors < PASSIVE_LIMIT) this.transmitErrors += ERROR_STEP;
    this.lastError = ESR_LEC_ACKNOWLEDGE;
    const risen = this.errorStatus() & ~before & 3;
    if ((risen << 8) & this.IER || this.IER & IER_LECIE) this.events |= MSR_ERRI;
    if (this.MCR & MCR_NART) this.complete(mailbox, TERR);
    else if (mailbox.status & ABRQ) this.complete(mailbox, 0);
  }

  private complete(mailbox: Mailbox, how: number): void {
    mailbox.pending = false;
    mailbox.status = RQCP | how;
    mailbox.words[0] &= ~TIR_TXRQ;
  }

  private update(): void {
    const { IER: enables } = this;
    const [tx, rx0, rx1, sce] = this.lines;
    tx.set((enables & IER_TMEIE) !== 0 && this.mailboxes.some((m) => m.status & RQCP));
    [rx0, rx1].forEach((line, n) => {
      const enabled = enables >>> (1 + 3 * n);
      const { messages, flags } = this.fifos[n];
      line.set((messages.length > 0 && (enabled & 1) !== 0) || ((flags >>> 2) & enabled & 6) !== 0);
    });
    const on = (event: number, enable: number): boolean => (this.events & event) !== 0 && (enables & enable) !== 0;
    sce.set(on(MSR_ERRI, IER_ERRIE) || on(MSR_WKUI, IER_WKUIE) || on(MSR_SLAKI, IER_SLKIE));
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}

function frameOf([id, control, low, high]: readonly number[]): CanFrame {
  const extended = (id & 4) !== 0;
  return { extended, remote: (id & 2) !== 0, id: extended ? id >>> 3 : id >>> 21, dlc: control & 0xf, low, high };
}

/** What of an identifier word wins the bus: the lower value; of equal base identifiers the standard frame, whose IDE is dominant. */
const arbitration = (word: number): number => (word & 4 ? (word >>> 21) * 2 ** 20 + 2 ** 19 + ((word >>> 3) & 0x3ffff) : (word >>> 21) * 2 ** 20);
