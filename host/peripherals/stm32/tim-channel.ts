// SPDX-License-Identifier: MIT
// One output-compare channel of a timer: RM0090 rev 18, 18.3.8 to 18.3.10 and 18.4.7.

const OCxPE = 1 << 3; // CCR is buffered

/** OCxM (18.4.7). */
const FROZEN = 0, ACTIVE = 1, INACTIVE = 2, TOGGLE = 3, FORCE_INACTIVE = 4, FORCE_ACTIVE = 5, PWM1 = 6;

export class TimChannel {
  /** The channel's byte of CCMR. */
  mode = 0;
  CCR = 0;
  /** What the counter is compared with, as opposed to what was last written. */
  compare = 0;
  private held: 0 | 1 = 0;

  reset(): void {
    this.mode = this.CCR = this.compare = this.held = 0;
  }

  private get ocm(): number {
    return (this.mode >>> 4) & 7;
  }

  /** Whether nothing waits to take effect at the next update. */
  get steady(): boolean {
    return this.compare === this.CCR;
  }

  /** Whether the reference changes by itself as the counter runs. */
  get moves(): boolean {
    return this.ocm !== FROZEN && this.ocm !== FORCE_ACTIVE && this.ocm !== FORCE_INACTIVE;
  }

  setMode(mode: number): void {
    this.mode = mode;
    if (this.ocm === FORCE_ACTIVE) this.held = 1;
    else if (this.ocm === FORCE_INACTIVE) this.held = 0;
    if (!(mode & OCxPE)) this.compare = this.CCR;
  }

  write(value: number): void {
    this.CCR = value;
    if (!(this.mode & OCxPE)) this.compare = value;
  }

  /** The update event. */
  load(): void {
    this.compare = this.CCR;
  }

  /** The counter came to the compare value `times` times. */
  match(times: number): void {
    if (this.ocm === ACTIVE) this.held = 1;
    else if (this.ocm === INACTIVE) this.held = 0;
    else if (this.ocm === TOGGLE && times % 2 === 1) this.held = this.held === 1 ? 0 : 1;
  }

  /** OCxREF. PWM mode 1 is active below the compare value counting up, and not above it counting down; mode 2 is its inverse. */
  reference(count: number, down: boolean): 0 | 1 {
    if (this.ocm < PWM1) return this.held;
    const first: boolean = down ? count <= this.compare : count < this.compare;
    return first === (this.ocm === PWM1) ? 1 : 0;
  }
}
