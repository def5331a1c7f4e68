// SPDX-License-Identifier: MIT
// The shift register of an SPI block as master and as slave: frames in time, bits on the pins. RM0090 rev 18, 28.3.

import type { ModelContext } from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';
import type { Level, Wire } from '../../machine/wire.js';
import type { SpiDevice } from '../../machine/links.js';
import { OutputPin } from './output-pin.js';

/** What the registers ask of the shift register. */
export interface SpiSetup {
  readonly enabled: boolean;
  readonly master: boolean;
  readonly bits: 8 | 16;
  /** Core cycles in a bit of the master, even. */
  readonly bitCycles: number;
  readonly polarity: Level;
  readonly phase: Level;
  readonly lsbFirst: boolean;
  /** Whether data go out and come in; with both on one line, which. */
  readonly sends: boolean;
  readonly receives: boolean;
  readonly oneLine: boolean;
  /** Slave: whether it is selected. */
  readonly selected: boolean;
}

export interface SpiShifterOwner {
  setup(): SpiSetup;
  /** Takes what is to be sent next, if there is anything. */
  take(): number | undefined;
  received(value: number): void;
  /** Something that status shows has changed. */
  changed(): void;
}

const reversed = (value: number, bits: number): number => {
  let result = 0;
  for (let i = 0; i < bits; i++) result |= ((value >>> i) & 1) << (bits - 1 - i);
  return result;
};

export class SpiShifter {
  /** A master's frame is under way. */
  private running = false;
  private setup: SpiSetup;
  private origin = 0;
  /** Half bits of the master's frame that have passed. */
  private step = 0;
  /** What goes out, first bit at the top. */
  private out = 0;
  private device: SpiDevice | undefined;
  private answer = 0;
  private due: Appointment | undefined;
  // Slave
  private loaded = false;
  private count = 0;
  private incoming = 0;
  private readonly sck: Wire;
  private readonly mosi: Wire;
  private readonly miso: Wire;
  private readonly sckPin: OutputPin;
  private readonly mosiPin: OutputPin;
  private readonly misoPin: OutputPin;

  constructor(private readonly ctx: ModelContext, private readonly name: string, private readonly owner: SpiShifterOwner) {
    [this.sck, this.mosi, this.miso] = ['SCK', 'MOSI', 'MISO'].map((line) => ctx.signal(`${name}_${line}`));
    this.sckPin = new OutputPin(this.sck);
    this.mosiPin = new OutputPin(this.mosi);
    this.misoPin = new OutputPin(this.miso);
    this.setup = owner.setup();
    this.sck.incoming.onEdge((level) => this.clockEdge(level), false);
  }

  get busy(): boolean {
    return this.running || this.count > 0;
  }

  /** The registers have changed, or there is something to send. */
  update(): void {
    const { setup: before } = this;
    const setup = this.owner.setup();
    // 28.3.8: a clock that reception alone keeps going stops at the end of its frame.
    if (!setup.enabled && this.running && !before.sends) return;
    this.setup = setup;
    if (!setup.enabled) this.stop();
    const masters = setup.enabled && setup.master;
    if (!this.running) this.sckPin.set(setup.polarity, masters);
    this.mosiPin.hold(masters && setup.sends);
    this.misoPin.hold(setup.enabled && !setup.master && setup.sends && setup.selected);
    if (masters) this.startFrame();
    else if (setup.enabled) this.slaveLoad(before);
  }

  private get dataIn(): Wire {
    return (this.setup.master !== this.setup.oneLine ? this.miso : this.mosi).incoming;
  }

  private stop(): void {
    this.ctx.timeline.cancel(this.due);
    this.running = this.loaded = false;
    this.count = 0;
  }

  private onWire(value: number): number {
    const { bits, lsbFirst } = this.setup;
    const frame = value & (bits === 16 ? 0xffff : 0xff);
    return lsbFirst ? reversed(frame, bits) : frame;
  }

  // Master

  /** Begins a frame if there is one to send, or if only reception keeps the clock going. */
  private startFrame(): void {
    if (this.running || !this.setup.enabled) return;
    const value = this.owner.take();
    if (value === undefined && this.setup.sends) return;
    this.running = true;
    this.out = this.onWire(value ?? 0);
    this.origin = this.ctx.timeline.now;
    this.step = 0;
    this.device = this.ctx.spiBus(this.name).selected;
    this.answer = this.device?.begin(this.setup.bits) ?? 0;
    if (this.watched) this.showStep();
    this.nextStep();
    this.owner.changed();
  }

  private get watched(): boolean {
    return this.sck.watched || this.mosi.watched;
  }

  /** One appointment for each half bit while somebody looks at the pads, else one for the last sample and one for the end. */
  private nextStep(): void {
    const { bits, bitCycles } = this.setup;
    const last = 2 * bits;
    const next = this.watched || this.step >= last - 1 ? this.step + 1 : last - 1;
    this.due = this.ctx.timeline.at(this.origin + (next * bitCycles) / 2, () => {
      this.step = next;
      if (this.watched) this.showStep();
      else if (next === last) this.showData(bits - 1);
      if (next === last - 1) this.sampleFrame();
      if (next === last) this.endFrame();
      else if (this.running) this.nextStep();
    });
  }

  /** SCK and MOSI after `step` half bits: the clock leaves its rest at odd steps with CPHA = 0, at even ones with CPHA = 1. */
  private showStep(): void {
    const { bits, polarity, phase } = this.setup;
    const away = this.step < 2 * bits && (this.step % 2 === 1) !== (phase === 1);
    if (this.step % 2 === 0 && this.step < 2 * bits) this.showData(this.step / 2);
    this.sckPin.set((away ? 1 - polarity : polarity) as Level);
  }

  private showData(bit: number): void {
    if (this.setup.sends) this.mosiPin.set(((this.out >>> (this.setup.bits - 1 - bit)) & 1) as Level);
  }

  private sampleFrame(): void {
    const { bits, bitCycles, receives } = this.setup;
    if (!receives) return;
    let value = this.answer;
    if (this.device === undefined) {
      const { dataIn } = this;
      value = 0;
      for (let i = 0; i < bits; i++) value = (value << 1) | dataIn.levelAt(this.origin + ((2 * i + 1) * bitCycles) / 2);
    }
    this.owner.received(this.onWire(value));
  }

  private endFrame(): void {
    this.running = false;
    const { device, setup: { bits, sends } } = this;
    this.device = undefined;
    device?.end(sends ? this.out : (1 << bits) - 1, bits);
    this.update();
    this.owner.changed();
  }

  // Slave

  private slaveLoad(before: SpiSetup): void {
    const { setup } = this;
    if (before.selected && !setup.selected) this.count = 0;
    if (this.count > 0 || !setup.sends) return;
    if (!this.loaded) {
      const value = this.owner.take();
      if (value === undefined) return;
      this.out = this.onWire(value);
      this.loaded = true;
      this.owner.changed();
    }
    // 28.3.3: with CPHA = 0 the first bit is there before the first clock edge.
    if (setup.phase === 0) this.showSlaveBit(0);
  }

  private showSlaveBit(bit: number): void {
    if (this.setup.sends && this.setup.selected) this.misoPin.set(((this.out >>> (this.setup.bits - 1 - bit)) & 1) as Level);
  }

  private clockEdge(level: Level): void {
    const { setup } = this;
    if (!setup.enabled || setup.master || !setup.selected) return;
    const leading = level !== setup.polarity;
    if (leading === (setup.phase === 1)) {
      if (this.count < setup.bits) this.showSlaveBit(this.count);
      return;
    }
    if (this.count === 0) this.incoming = 0;
    this.incoming = (this.incoming << 1) | this.dataIn.level;
    this.count++;
    if (this.count < setup.bits) {
      if (this.count === 1) this.owner.changed();
      return;
    }
    this.count = 0;
    this.loaded = false;
    if (setup.receives) this.owner.received(this.onWire(this.incoming));
    this.setup = this.owner.setup();
    // With CPHA = 0 the last bit stays until the clock goes back to rest.
    if (this.setup.sends) {
      const value = this.owner.take();
      if (value !== undefined) {
        this.out = this.onWire(value);
        this.loaded = true;
      }
    }
    this.owner.changed();
  }
}
