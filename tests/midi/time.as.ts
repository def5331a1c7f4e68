// SPDX-License-Identifier: MIT
// Active sensing and MIDI clock, for specs.

import { ClockIn } from "../../assembly/midi/clock";

export { createActiveSensing, hasTimedOut, onByte } from "../../assembly/midi/active-sensing";
export {
  createClockIn, createClockOut, followClock, microsPerQuarter, nextClockTick, quartersPerMinute, setClockTempo, startClockOut, takeClock,
} from "../../assembly/midi/clock";

export function isRunning(clock: ClockIn): bool { return clock.running; }
