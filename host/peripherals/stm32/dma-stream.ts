// SPDX-License-Identifier: MIT
// One stream of the DMA controller: its settings, its FIFO, its two pointers, and what it wants of either port. RM0090 10.3 (STM32F405/407).

// SxCR, 10.5.5
export const CR_EN = 1 << 0; // stream enable
export const CR_DMEIE = 1 << 1; // direct mode error interrupt enable
export const CR_TEIE = 1 << 2; // transfer error interrupt enable
export const CR_HTIE = 1 << 3; // half transfer interrupt enable
export const CR_TCIE = 1 << 4; // transfer complete interrupt enable
const CR_PFCTRL = 1 << 5; // peripheral flow controller
const CR_DIR_SHIFT = 6; // direction
export const CR_CIRC = 1 << 8; // circular
const CR_PINC = 1 << 9; // peripheral increment
export const CR_MINC = 1 << 10; // memory increment
const CR_PSIZE_SHIFT = 11; // peripheral item: 1, 2, 4 bytes
export const CR_MSIZE_SHIFT = 13; // memory item: 1, 2, 4 bytes
const CR_PINCOS = 1 << 15; // peripheral pointer steps by 4 whatever PSIZE says
const CR_PL_SHIFT = 16; // priority
export const CR_DBM = 1 << 18; // double buffer
export const CR_CT = 1 << 19; // current target: memory 1
export const CR_PBURST_SHIFT = 21; // single, 4, 8, 16 beats
export const CR_MBURST_SHIFT = 23;
export const CR_CHSEL_SHIFT = 25; // channel

// SxFCR, 10.5.10
export const FCR_DMDIS = 1 << 2; // direct mode disable
export const FCR_FEIE = 1 << 7; // FIFO error interrupt enable
export const FCR_RESET = 0x21;

// A stream's six bits of LISR or HISR, 10.5.1
export const FLAG_FEIF = 1 << 0; // FIFO error
export const FLAG_DMEIF = 1 << 2; // direct mode error
export const FLAG_TEIF = 1 << 3; // transfer error
export const FLAG_HTIF = 1 << 4; // half transfer
export const FLAG_TCIF = 1 << 5; // transfer complete

const FIFO_BYTES = 16;
const BEATS = [1, 4, 8, 16];

export type Direction = 'peripheral-to-memory' | 'memory-to-peripheral' | 'memory-to-memory';
const DIRECTIONS: readonly (Direction | undefined)[] = ['peripheral-to-memory', 'memory-to-peripheral', 'memory-to-memory', undefined];

export class DmaStream {
  cr = 0;
  /** Items still to transfer on the peripheral side. */
  ndtr = 0;
  par = 0;
  m0ar = 0;
  m1ar = 0;
  fcr = FCR_RESET;
  flags = 0;
  /** Level of the interrupt line. */
  interrupting = false;
  /** EN was cleared by software, and an access or the FIFO's contents are still to be finished. */
  stopping = false;

  // What the registers say, taken over when the stream starts.
  direction: Direction | undefined;
  peripheralBytes = 1;
  memoryBytes = 1;
  peripheralBeats = 1;
  memoryBeats = 1;
  directMode = true;
  threshold = 0;
  /** Restarts by itself: circular or double buffer. */
  endless = false;
  /** The peripheral says how many items there are. */
  peripheralControls = false;
  priority = 0;
  /** Nothing can move: the settings lead to a permanent underrun or overrun (10.3.12, note). */
  stuck = false;

  /** NDTR as software wrote it: taken again when the stream is enabled after it has run down to 0 (10.5.6). */
  programmedItems = 0;
  private itemCount = 0;
  private passBytes = 0;
  /** Bytes that the memory side still has to move in this pass. */
  private memoryLeft = 0;
  private memoryTarget: 0 | 1 = 0;
  memoryPointer = 0;
  peripheralPointer = 0;
  private readonly fifo = new Uint8Array(FIFO_BYTES);
  private head = 0;
  /** Bytes in the FIFO. */
  level = 0;
  private filling = false;
  private draining = false;

  /** Called when half of the items have gone to the peripheral, and when all have: for measurements. */
  onHalf: () => void = () => {};

  constructor(readonly index: number) {}

  get enabled(): boolean {
    return (this.cr & CR_EN) !== 0;
  }
  get channel(): number {
    return (this.cr >>> CR_CHSEL_SHIFT) & 7;
  }
  get toMemory(): boolean {
    return this.direction !== 'memory-to-peripheral';
  }
  get burstBytes(): number {
    return this.memoryBeats * this.memoryBytes;
  }
  /** Beats of the memory side's next access. */
  get refillBeats(): number {
    return this.memoryLeft >= this.burstBytes ? this.memoryBeats : 1;
  }
  /** Items left before the next of HTIF and TCIF, on a stream towards a peripheral. */
  get itemsToNextFlag(): number {
    const half = this.itemCount >>> 1;
    return this.ndtr > half ? this.ndtr - half : this.ndtr;
  }

  /** Takes the registers over for a new run. */
  load(): void {
    const { cr, fcr } = this;
    this.direction = DIRECTIONS[(cr >>> CR_DIR_SHIFT) & 3];
    // Direct mode is not for memory to memory: hardware sets DMDIS there (10.5.10). It moves single items of PSIZE (10.3.10, 10.3.11).
    if (this.direction === 'memory-to-memory') this.fcr |= FCR_DMDIS;
    this.directMode = (this.fcr & FCR_DMDIS) === 0;
    this.peripheralBytes = 1 << ((cr >>> CR_PSIZE_SHIFT) & 3);
    this.memoryBytes = this.directMode ? this.peripheralBytes : 1 << ((cr >>> CR_MSIZE_SHIFT) & 3);
    this.peripheralBeats = this.directMode ? 1 : BEATS[(cr >>> CR_PBURST_SHIFT) & 3];
    this.memoryBeats = this.directMode ? 1 : BEATS[(cr >>> CR_MBURST_SHIFT) & 3];
    this.threshold = ((fcr & 3) + 1) * (FIFO_BYTES / 4);
    // 10.3.16: with the peripheral as flow controller there is no circular mode, and NDTR counts down from its highest value.
    this.peripheralControls = (cr & CR_PFCTRL) !== 0 && this.direction !== 'memory-to-memory';
    if (this.peripheralControls) {
      this.cr &= ~CR_CIRC;
      this.ndtr = 0xffff;
    }
    this.endless = (this.cr & (CR_CIRC | CR_DBM)) !== 0;
    this.priority = (cr >>> CR_PL_SHIFT) & 3;
    this.itemCount = this.ndtr === 0 ? this.programmedItems : this.ndtr;
    this.ndtr = this.itemCount;
    this.passBytes = this.ndtr * this.peripheralBytes;
    this.memoryTarget = cr & CR_DBM && cr & CR_CT ? 1 : 0;
    this.stopping = false;
    this.stuck = false;
    this.head = 0;
    this.level = 0;
    this.draining = false;
    this.filling = true;
    this.startPeripheralPass();
    this.startMemoryPass();
  }

  private startPeripheralPass(): void {
    this.ndtr = this.itemCount;
    this.peripheralPointer = this.par - (this.par % this.peripheralBytes);
  }

  private startMemoryPass(): void {
    const pointer = this.memoryTarget === 1 ? this.m1ar : this.m0ar;
    this.memoryPointer = pointer - (pointer % this.memoryBytes);
    this.memoryLeft = this.passBytes;
  }

  /** Beats that the memory port should move now. */
  memoryWanted(): number {
    if (this.stuck) return 0;
    if (!this.toMemory) {
      if (this.stopping || this.memoryLeft === 0) return 0;
      if (this.directMode) return this.level === 0 ? 1 : 0;
      const beats = this.refillBeats;
      return this.filling && FIFO_BYTES - this.level >= beats * this.memoryBytes ? beats : 0;
    }
    if (this.level === 0) return 0;
    if (this.directMode) return 1;
    // The rest of a pass, or of a stopped stream, leaves the FIFO whatever the threshold (10.3.12, 10.3.13).
    const flushing = this.stopping || this.memoryLeft <= this.level;
    if (Math.min(this.level, this.memoryLeft) >= this.burstBytes) return flushing || this.draining ? this.memoryBeats : 0;
    return flushing ? 1 : 0;
  }

  /** Beats that the peripheral port should move now, given the request line. */
  peripheralWanted(requested: boolean): number {
    if (this.stuck || this.stopping || this.ndtr === 0) return 0;
    if (!requested && this.direction !== 'memory-to-memory') return 0;
    const beats = this.ndtr >= this.peripheralBeats ? this.peripheralBeats : 1;
    return (this.toMemory ? FIFO_BYTES - this.level : this.level) >= beats * this.peripheralBytes ? beats : 0;
  }

  /**
   * How many items the peripheral side can take before the memory side begins to refill the FIFO, given that it does not want to now;
   * Infinity when it will not.
   */
  itemsToRefill(): number {
    if (this.memoryLeft === 0) return Infinity;
    const target = Math.min(FIFO_BYTES - this.refillBeats * this.memoryBytes, this.filling ? FIFO_BYTES : this.threshold);
    return Math.max(1, Math.ceil((this.level - target) / this.peripheralBytes));
  }

  /** Copies the FIFO's first items, which stay there. @returns how many there are */
  peekItems(items: Uint16Array): number {
    const count = this.level >>> 1;
    for (let i = 0, at = this.head; i < count; i++, at += 2) items[i] = this.fifo[at & 15] | (this.fifo[(at + 1) & 15] << 8);
    return count;
  }

  push(value: number, byteCount: number): void {
    for (let i = 0; i < byteCount; i++) this.fifo[(this.head + this.level++) & (FIFO_BYTES - 1)] = value >>> (8 * i);
  }

  pushBytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.push(bytes[i], 1);
  }

  /** Puts what `read` copies from the memory pointer on into the FIFO. */
  fill(byteCount: number, read: (address: number, byteCount: number, target: Uint8Array, start: number) => void): void {
    if (this.level === 0) this.head = 0;
    const tail = (this.head + this.level) & (FIFO_BYTES - 1);
    const whole = Math.min(byteCount, FIFO_BYTES - tail);
    read(this.memoryPointer, whole, this.fifo, tail);
    if (whole < byteCount) read(this.memoryPointer + whole, byteCount - whole, this.fifo, 0);
    this.level += byteCount;
  }

  /** Takes an item out; bytes that are not there read as 0. */
  pop(byteCount: number): number {
    let value = 0;
    for (let i = 0; i < byteCount && this.level > 0; i++, this.level--) {
      value |= this.fifo[this.head] << (8 * i);
      this.head = (this.head + 1) & (FIFO_BYTES - 1);
    }
    return value >>> 0;
  }

  /** The memory port has moved bytes between the FIFO and memory. */
  memoryMoved(byteCount: number): void {
    if (this.cr & CR_MINC) this.memoryPointer += byteCount;
    const before = this.memoryLeft;
    this.memoryLeft = Math.max(0, before - byteCount);
    if (this.toMemory) {
      const half = this.passBytes >>> 1;
      if (before > half && this.memoryLeft <= half) this.flags |= FLAG_HTIF;
    }
    if (this.memoryLeft === 0) {
      if (this.toMemory) this.passComplete();
      if (this.endless) {
        if (this.cr & CR_DBM) this.memoryTarget = this.memoryTarget === 0 ? 1 : 0;
        this.startMemoryPass();
      }
    }
    if (!this.toMemory && this.memoryWanted() === 0) this.filling = false;
    if (this.toMemory && this.level < this.burstBytes) this.draining = false;
  }

  /** The peripheral port has moved `count` items to or from the FIFO. */
  itemsMoved(count: number): void {
    if (this.cr & CR_PINC) this.peripheralPointer += count * (this.cr & CR_PINCOS ? 4 : this.peripheralBytes);
    const half = this.itemCount >>> 1;
    const before = this.ndtr;
    this.ndtr -= count;
    if (this.toMemory) {
      if (this.level >= this.threshold) this.draining = true;
      if (this.ndtr === 0 && this.endless) this.startPeripheralPass();
      return;
    }
    if (this.level <= this.threshold) this.filling = true;
    if (before > half && this.ndtr <= half && half > 0) {
      this.flags |= FLAG_HTIF;
      this.onHalf();
    }
    if (this.ndtr === 0) {
      this.passComplete();
      this.onHalf();
      if (this.endless) this.startPeripheralPass();
    }
  }

  /** Takes `count` items of the FIFO as gone to the peripheral. */
  dropItems(count: number): void {
    const byteCount = count * this.peripheralBytes;
    this.head = (this.head + byteCount) & (FIFO_BYTES - 1);
    this.level -= byteCount;
  }

  private passComplete(): void {
    this.flags |= FLAG_TCIF;
    if (this.cr & CR_DBM) this.cr ^= CR_CT;
    else if (!this.endless) this.disable();
  }

  /** A stopped stream is off when nothing is left to flush. */
  finishStop(): void {
    if (!this.stopping || (this.toMemory && this.level > 0)) return;
    this.disable();
    this.flags |= FLAG_TCIF;
  }

  disable(): void {
    this.cr &= ~CR_EN;
    this.stopping = false;
    this.level = 0;
  }

  /** SxFCR with the FIFO's status, for a given level. */
  fifoControl(level: number): number {
    const quarter = level === 0 ? 4 : level === FIFO_BYTES ? 5 : level >>> 2;
    return (this.fcr & ~0x38) | (quarter << 3);
  }
}
