// SPDX-License-Identifier: MIT
// One capture/compare channel of a timer: what its compare value makes of the counter. RM0090 rev 18, 17.3.6 to 17.3.10 and 17.4.7.

/** A channel's byte of CCMR: CCxS, then for outputs OCxFE, OCxPE, OCxM, OCxCE, for inputs ICxPSC and ICxF. */
const CCxS = 3 << 0; // direction and input selection
const OCxPE = 1 << 3; // CCR is buffered
const OCxCE = 1 << 7; // ETRF clears the reference

/** OCxM (17.4.7). */
const FROZEN = 0, ACTIVE = 1, INACTIVE = 2, TOGGLE = 3, FORCE_INACTIVE = 4, FORCE_ACTIVE = 5, PWM1 = 6;

export class TimChannel {
  /** The channel's byte of CCMR. */
  mode = 0;
  CCR = 0;
  /** What the counter is compared with, as opposed to what was last written. */
  compare = 0;
  /** OCxM at work: as in CCMR, unless that waits for a commutation. */
  private ocm = FROZEN;
  private held: 0 | 1 = 0;
  /** ETRF has cleared the reference, which stays so until the next update (17.3.12). */
  private cleared = false;

  reset(): void {
    this.mode = this.CCR = this.compare = this.held = 0;
    this.ocm = FROZEN;
    this.cleared = false;
  }

  /** CCxS: 0 for an output, else which input it captures. */
  get selection(): number {
    return this.mode & CCxS;
  }
  get isOutput(): boolean {
    return this.selection === 0;
  }
  /** ICxPSC: one capture each so many edges. */
  get capturePrescaler(): number {
    return 1 << ((this.mode >>> 2) & 3);
  }
  /** ICxF. */
  get filter(): number {
    return this.isOutput ? 0 : this.mode >>> 4;
  }
  get clearable(): boolean {
    return this.isOutput && (this.mode & OCxCE) !== 0;
  }

  /** Whether nothing waits to take effect at the next update. */
  get steady(): boolean {
    return (this.compare === this.CCR || !this.isOutput) && !this.cleared;
  }

  /** Whether the reference changes by itself as the counter runs. */
  get moves(): boolean {
    return this.isOutput && this.ocm !== FROZEN && this.ocm !== FORCE_ACTIVE && this.ocm !== FORCE_INACTIVE;
  }

  /** @param commutes OCxM waits for a commutation event */
  setMode(mode: number, commutes: boolean): void {
    this.mode = mode;
    if (!commutes) this.commutate();
    if (!(mode & OCxPE)) this.compare = this.CCR;
  }

  /** OCxM takes effect. */
  commutate(): void {
    this.ocm = this.isOutput ? (this.mode >>> 4) & 7 : FROZEN;
    if (this.ocm === FORCE_ACTIVE) this.held = 1;
    else if (this.ocm === FORCE_INACTIVE) this.held = 0;
  }

  write(value: number): void {
    if (!this.isOutput) return; // 18.4.13: read only while the channel is an input
    this.CCR = value;
    if (!(this.mode & OCxPE)) this.compare = value;
  }

  capture(count: number): void {
    this.CCR = this.compare = count;
  }

  /** The update event. */
  load(): void {
    if (this.isOutput) this.compare = this.CCR;
    this.cleared = false;
  }

  /** ETRF is high while OCxCE is set. */
  clear(): void {
    this.cleared = true;
  }

  /** The counter came to the compare value `times` times. */
  match(times: number): void {
    if (times === 0) return;
    if (this.ocm === ACTIVE) this.held = 1;
    else if (this.ocm === INACTIVE) this.held = 0;
    else if (this.ocm === TOGGLE && times % 2 === 1) this.held = this.held === 1 ? 0 : 1;
  }

  /** OCxREF. PWM mode 1 is active below the compare value counting up, and not above it counting down; mode 2 is its inverse. */
  reference(count: number, down: boolean): 0 | 1 {
    if (this.cleared && this.ocm !== FORCE_ACTIVE) return 0;
    if (this.ocm < PWM1) return this.held;
    const first: boolean = down ? count <= this.compare : count < this.compare;
    return first === (this.ocm === PWM1) ? 1 : 0;
  }
}
