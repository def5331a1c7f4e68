// SPDX-License-Identifier: MIT
// What every way through a function passes that comes to its end.

import type { CodeNode, Construct, FunctionCode, Op } from './code.js';
import type { Context } from './interpret.js';

/** What is looked for. */
export interface Passage {
  /** Whether an instruction, or a loop that a way has come to, is what is looked for. @param before what stands in front of it */
  isPassed(code: FunctionCode, node: CodeNode, before: CodeNode | undefined): boolean;
  /** Whether a loop that a way comes to goes back to its head once before it ends. */
  goesBack(code: FunctionCode, loopAt: number): boolean;
  /** Whether an imported function never returns. */
  isAbort(functionIndex: number): boolean;
}

/** Whether ways have passed it that lead to a place: all of them; undefined when none leads there. */
type Passed = boolean | undefined;

interface Arrivals { passed: Passed }

const all = (a: Passed, b: Passed): Passed => (a === undefined ? b : b === undefined ? a : a && b);

export class MustPass {
  private readonly known = new Map<Context, Passed>();

  constructor(private readonly passage: Passage) {}

  /** Undefined for a function that does not return. */
  of(context: Context): Passed {
    if (!this.known.has(context)) this.known.set(context, new Walk(this, this.passage, context).run());
    return this.known.get(context);
  }
}

class Walk {
  private labels: Arrivals[] = [];

  constructor(private readonly owner: MustPass, private readonly passage: Passage, private readonly context: Context) {}

  run(): Passed {
    const returned: Arrivals = { passed: undefined };
    this.labels = [returned];
    return all(this.sequence(this.context.code.nodes, false), returned.passed);
  }

  private sequence(nodes: readonly CodeNode[], start: boolean): Passed {
    let passed: Passed = start;
    for (let i = 0; i < nodes.length && passed !== undefined; i++) {
      const node = nodes[i];
      passed ||= this.passage.isPassed(this.context.code, node, nodes[i - 1]);
      passed = node.kind === 'op' ? this.op(node, passed) : node.kind === 'loop' ? this.loop(node, passed) : this.block(node, passed);
    }
    return passed;
  }

  private block({ kind, at, body, otherwise }: Construct, passed: boolean): Passed {
    const label: Arrivals = { passed: undefined };
    this.labels.push(label);
    const outcomes = kind === 'if' ? this.context.outcomes.get(at) ?? 0 : 2;
    if (outcomes & 2) label.passed = all(label.passed, this.sequence(body, passed));
    if (outcomes & 1) label.passed = all(label.passed, this.sequence(otherwise, passed));
    this.labels.pop();
    return label.passed;
  }

  /** What a way has passed is not undone by another turn, so its first one says all. */
  private loop({ at, body }: Construct, passed: boolean): Passed {
    const outer = this.labels;
    const own = outer.map((): Arrivals => ({ passed: undefined }));
    const head: Arrivals = { passed: undefined };
    this.labels = [...own, head];
    const end = this.sequence(body, passed);
    this.labels = outer;
    const turned = this.passage.goesBack(this.context.code, at) ? head.passed : undefined;
    const left = (there: Passed): Passed => (there === undefined ? undefined : turned ?? there);
    own.forEach((label, i) => { outer[i].passed = all(outer[i].passed, left(label.passed)); });
    return left(end);
  }

  private op(op: Op, passed: boolean): Passed {
    switch (op.name) {
      case 'unreachable': return undefined;
      case 'br': return this.branch(op.index, passed);
      case 'return': return this.branch(this.labels.length - 1, passed);
      case 'br_if': {
        const outcomes = this.context.outcomes.get(op.at) ?? 0;
        if (outcomes & 2) this.branch(op.index, passed);
        return outcomes & 1 ? passed : undefined;
      }
      case 'br_table': {
        for (const target of this.context.targets.get(op.at) ?? []) this.branch(op.depths![target], passed);
        return undefined;
      }
      case 'call': return this.call(op, passed);
      default: return passed;
    }
  }

  private branch(depth: number, passed: boolean): undefined {
    const label = this.labels[this.labels.length - 1 - depth];
    label.passed = all(label.passed, passed);
  }

  private call({ at, index }: Op, passed: boolean): Passed {
    if (this.passage.isAbort(index)) return undefined;
    const call = this.context.calls.get(at);
    if (!call) return passed;
    const inside = [...call.contexts.values()].map((context) => this.owner.of(context)).reduce(all, undefined);
    return inside === undefined ? undefined : passed || inside;
  }
}
