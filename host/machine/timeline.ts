// SPDX-License-Identifier: MIT
// Time: an integer count of core cycles, and the queue of what is due when.

/** Something due at a cycle. Held by whoever may want to cancel or move it; only the timeline changes it. */
export interface Appointment {
  cycle: number;
  readonly action: () => void;
  /** True from when it is made until it runs or is cancelled. */
  pending: boolean;
}

/**
 * The machine's clock and its queue, ordered by cycle: of two appointments at one cycle, the one made first runs first.
 *
 * The queue holds some ten entries at a time, so it is a sorted array (next one last); insertion is a short shift.
 */
export class Timeline {
  /** The present, in core cycles since reset. While an appointment runs, the very cycle it was made for. */
  now = 0;
  private readonly queue: Appointment[] = [];

  /** Cycle of the next appointment; Infinity when there is none. */
  get nextDue(): number {
    const { queue } = this;
    return queue.length === 0 ? Infinity : queue[queue.length - 1].cycle;
  }

  /**
   * Runs `action` when time reaches `cycle`.
   * @throws RangeError when `cycle` is in the past or not an integer: a model that rounds must say which way.
   */
  at(cycle: number, action: () => void): Appointment {
    const appointment = this.unset(action);
    this.move(appointment, cycle);
    return appointment;
  }

  /** An appointment that is yet to be made, by `move`: for what comes again and again. */
  unset(action: () => void): Appointment {
    return { cycle: Infinity, action, pending: false };
  }

  /** Makes an appointment for `cycle`; if it has been made for another one, not for that any more. @throws as `at` does */
  move(appointment: Appointment, cycle: number): void {
    if (cycle < this.now || !Number.isSafeInteger(cycle)) {
      throw new RangeError(`appointment at cycle ${cycle}, but it is cycle ${this.now}: wanted an integer that is not in the past`);
    }
    if (appointment.pending) this.cancel(appointment);
    appointment.cycle = cycle;
    appointment.pending = true;
    const { queue } = this;
    let i = queue.length;
    queue.push(appointment);
    for (; i > 0 && queue[i - 1].cycle <= cycle; i--) queue[i] = queue[i - 1];
    queue[i] = appointment;
  }

  /** Runs `action` `cycles` from now. */
  after(cycles: number, action: () => void): Appointment {
    return this.at(this.now + cycles, action);
  }

  /** Takes an appointment back; one that has run, was cancelled, or is undefined is left alone. */
  cancel(appointment: Appointment | undefined): void {
    if (!appointment?.pending) return;
    appointment.pending = false;
    const { queue } = this;
    const last = queue.length - 1;
    for (let i = queue.lastIndexOf(appointment); i < last; i++) queue[i] = queue[i + 1];
    queue.pop();
  }

  /** Moves time to `cycle`, running all that is due until then, including what falls due while doing so. */
  advanceTo(cycle: number): void {
    const { queue } = this;
    while (queue.length > 0 && queue[queue.length - 1].cycle <= cycle) {
      const due = queue.pop()!;
      due.pending = false;
      // Models may be told of a time already passed by the CPU's current instruction; they still see their own cycle.
      this.now = due.cycle;
      due.action();
    }
    this.now = cycle;
  }
}
