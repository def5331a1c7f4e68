// SPDX-License-Identifier: MIT
// Cycles by the object that code is about, on CPU wasm: of calls what the meter has charged from a call to its return, less what handlers took meanwhile;
// of code that the compiler has put into its callers what that tells (inlined-code.ts).

import type { MachineObserver } from '../../machine/observer.js';

export interface ObjectCycles {
  /** A function of the module, or one that was put into others, by the number that its code has it by. */
  readonly of: 'function' | 'inlined';
  readonly index: number;
  /** What the code was about: `this`. */
  readonly object: number;
  /** Times that it was called, or begun. */
  readonly calls: number;
  readonly cycles: number;
}

/** What code is about an object, as one number: the function or, from `INLINED` on, the inlined method; times 2^32, and the object. These are told of thousands of times a second. */
type Key = number;
const INLINED = 2 ** 20;
const keyOf = (code: number, object: number): Key => code * 2 ** 32 + (object >>> 0);

interface Sum { calls: number; cycles: number }

/** Of main, or of an active handler: the call that goes on. */
interface Level {
  isOpen: boolean;
  key: Key;
  /** That it counts for. */
  calls: number;
  since: number;
  /** Cycles of handlers since. */
  away: number;
  /** What had been charged when the handler was entered. */
  readonly enteredAt: number;
}

export class ObjectCounter implements MachineObserver {
  /** Innermost last. */
  private readonly levels: Level[] = [];
  private level: Level;
  private readonly sums = new Map<Key, Sum>();
  /** What was asked for last: several calls in a row are about the same. */
  private lastKey: Key = -1;
  private last: Sum = { calls: 0, cycles: 0 };
  /** The inlined method that was last about an object. */
  private readonly methods = new Map<number, number>();

  /** @param charged what the meter has charged since reset */
  constructor(private readonly charged: () => number) {
    this.level = this.enter(0);
  }

  /** A call about an object. */
  began(object: number, functionIndex: number): void {
    this.open(keyOf(functionIndex, object), 1);
  }

  /** Inlined code is about an object from here on. */
  met(object: number, method: number): void {
    this.methods.set(object, method);
    this.sum(keyOf(INLINED + method, object)).calls++;
  }

  /** Inlined code has taken so many cycles for an object. */
  spent(object: number, cycles: number): void {
    this.sum(this.inlinedKey(object)).cycles += cycles;
  }

  /** A call from inlined code. @param object 0 when it is not known: the call counts for none */
  within(object: number): void {
    this.open(object === 0 ? 0 : this.inlinedKey(object), 0);
  }

  /** The call has returned. */
  ended(): void {
    const { level } = this;
    level.isOpen = false;
    if (level.key === 0) return;
    const sum = this.sum(level.key);
    sum.calls += level.calls;
    sum.cycles += this.charged() - level.since - level.away;
  }

  exceptionEnter(): void {
    this.level = this.enter(this.charged());
  }
  exceptionExit(): void {
    const { enteredAt } = this.levels.pop()!;
    this.level = this.levels[this.levels.length - 1];
    if (this.level.isOpen) this.level.away += this.charged() - enteredAt;
  }
  sleep(): void {}
  blockBoundary(): void {}
  midiByte(): void {}

  /** Calls that came to their end. */
  all(): ObjectCycles[] {
    return [...this.sums].map(([key, { calls, cycles }]) => {
      const code = Math.floor(key / 2 ** 32);
      const object = key % 2 ** 32;
      return code < INLINED ? { of: 'function', index: code, object, calls, cycles } : { of: 'inlined', index: code - INLINED, object, calls, cycles };
    });
  }

  private enter(enteredAt: number): Level {
    const level = { isOpen: false, key: 0, calls: 0, since: 0, away: 0, enteredAt };
    this.levels.push(level);
    return level;
  }

  private inlinedKey(object: number): Key {
    return keyOf(INLINED + this.methods.get(object)!, object);
  }

  private open(key: Key, calls: number): void {
    const { level } = this;
    level.isOpen = true;
    level.key = key;
    level.calls = calls;
    level.since = this.charged();
    level.away = 0;
  }

  private sum(key: Key): Sum {
    if (key === this.lastKey) return this.last;
    let sum = this.sums.get(key);
    if (sum === undefined) this.sums.set(key, (sum = { calls: 0, cycles: 0 }));
    this.lastKey = key;
    return (this.last = sum);
  }
}
