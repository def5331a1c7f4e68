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

type Code = Pick<ObjectCycles, 'of' | 'index'>;

interface OpenCall extends Code {
  readonly object: number;
  readonly calls: number;
  readonly since: number;
  /** Cycles of handlers since. */
  away: number;
}

export class ObjectCounter implements MachineObserver {
  /** Of main and of each active handler, innermost last: the call that goes on, and what had been charged when the handler was entered. */
  private readonly levels: { open: OpenCall | undefined; readonly enteredAt: number }[] = [{ open: undefined, enteredAt: 0 }];
  private readonly sums = new Map<string, ObjectCycles>();
  /** The inlined method that was last about an object. */
  private readonly methods = new Map<number, number>();

  /** @param charged what the meter has charged since reset */
  constructor(private readonly charged: () => number) {}

  /** A call about an object. */
  began(object: number, functionIndex: number): void {
    this.open({ of: 'function', index: functionIndex }, object, 1);
  }

  /** Inlined code is about an object from here on. */
  met(object: number, method: number): void {
    this.methods.set(object, method);
    this.add({ of: 'inlined', index: method }, object, 1, 0);
  }

  /** Inlined code has taken so many cycles for an object. */
  spent(object: number, cycles: number): void {
    this.add({ of: 'inlined', index: this.methods.get(object)! }, object, 0, cycles);
  }

  /** A call from inlined code. @param object 0 when it is not known: the call counts for none */
  within(object: number): void {
    this.open({ of: 'inlined', index: this.methods.get(object) ?? 0 }, object, 0);
  }

  /** The call has returned. */
  ended(): void {
    const level = this.levels[this.levels.length - 1];
    const { object, calls, since, away, ...code } = level.open!;
    level.open = undefined;
    if (object !== 0) this.add(code, object, calls, this.charged() - since - away);
  }

  exceptionEnter(): void {
    this.levels.push({ open: undefined, enteredAt: this.charged() });
  }
  exceptionExit(): void {
    const { enteredAt } = this.levels.pop()!;
    const { open } = this.levels[this.levels.length - 1];
    if (open) open.away += this.charged() - enteredAt;
  }
  sleep(): void {}
  blockBoundary(): void {}
  midiByte(): void {}

  /** Calls that came to their end. */
  all(): ObjectCycles[] {
    return [...this.sums.values()];
  }

  private open(code: Code, object: number, calls: number): void {
    this.levels[this.levels.length - 1].open = { ...code, object, calls, since: this.charged(), away: 0 };
  }

  private add({ of, index }: Code, object: number, calls: number, cycles: number): void {
    const key = `${of} ${index} ${object}`;
    const known = this.sums.get(key);
    this.sums.set(key, { of, index, object: object >>> 0, calls: (known?.calls ?? 0) + calls, cycles: (known?.cycles ?? 0) + cycles });
  }
}
