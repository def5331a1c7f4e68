// SPDX-License-Identifier: MIT
// Which functions can be part of a recursion: only those look at the stack pointer; the depth of all others is a constant.

import type { WasmModule } from '../../cpu/wasm/decode.js';
import { callsOf } from '../calls.js';

/** Functions on a cycle of the call graph (Tarjan's strongly connected components, without recursion of its own). */
export function recursiveFunctions(module: WasmModule): Set<number> {
  const first = module.imports.length;
  const callees = [...callsOf(module).values()].map((calls) => [...new Set(calls.flatMap((call) => call.callees))].filter((target) => target >= first));
  const found = new Set<number>();
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  for (const { index: root } of module.functions) {
    const work: { at: number; next: number }[] = order.has(root) ? [] : [{ at: root, next: 0 }];
    while (work.length > 0) {
      const step = work[work.length - 1];
      const { at } = step;
      if (step.next === 0) {
        order.set(at, order.size);
        low.set(at, order.get(at)!);
        open.push(at);
        isOpen.add(at);
      }
      const target = callees[at - first][step.next++];
      if (target !== undefined) {
        if (!order.has(target)) work.push({ at: target, next: 0 });
        else if (isOpen.has(target)) low.set(at, Math.min(low.get(at)!, order.get(target)!));
        continue;
      }
      work.pop();
      const caller = work[work.length - 1];
      if (caller) low.set(caller.at, Math.min(low.get(caller.at)!, low.get(at)!));
      if (low.get(at) !== order.get(at)) continue;
      const component = open.splice(open.indexOf(at));
      for (const member of component) {
        isOpen.delete(member);
        if (component.length > 1 || callees[member - first].includes(member)) found.add(member);
      }
    }
  }
  return found;
}
