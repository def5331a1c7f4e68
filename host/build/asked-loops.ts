// SPDX-License-Identifier: MIT
// Loops that ask a function whether to go on: whom, and whether it alone ends them.

import type { Syntax } from './passed-values.js';
import { fieldsOf, isNode, type Node } from './syntax-tree.js';

interface Condition extends Node { readonly expression?: Condition & { readonly text?: string }; readonly left?: Condition; readonly right?: Condition; readonly operator?: number }
interface Loop extends Node { readonly condition?: Condition; readonly body?: Node }
interface Jump extends Node { readonly label: Node | null }

/** Functions of all of which a condition wants to hear yes, by name. */
export function askedIn(condition: Condition, syntax: Syntax): string[] {
  const { NodeKind: K, Token } = syntax;
  const { expression, left, right, operator } = condition;
  if (condition.kind === K.Parenthesized) return askedIn(expression!, syntax);
  if (condition.kind === K.Binary && operator === Token.Ampersand_Ampersand) return [left!, right!].flatMap((part) => askedIn(part, syntax));
  return condition.kind === K.Call && expression!.kind === K.Identifier ? [expression!.text!] : [];
}

/** Whether nothing but the function that a loop asks, and a trap, ends it: its condition is that call alone, and no statement leads out of it. */
export function endsWithNo({ condition, body }: Loop, syntax: Syntax): boolean {
  const { NodeKind: K } = syntax;
  let asked = condition;
  while (asked?.kind === K.Parenthesized) asked = asked.expression;
  return asked?.kind === K.Call && !leads(body, false);

  /** @param isInner whether a `break` is that of a loop or a switch inside */
  function leads(value: unknown, isInner: boolean): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (Array.isArray(value)) return value.some((part) => leads(part, isInner));
    if (!isNode(value)) return false;
    const { kind } = value;
    if (kind === K.Return) return true;
    // Where a label stands is not looked for: it may be that of a loop around this one.
    if (kind === K.Break || kind === K.Continue) return (value as Jump).label !== null || (kind === K.Break && !isInner);
    const inside = isInner || kind === K.Do || kind === K.For || kind === K.ForOf || kind === K.While || kind === K.Switch;
    return fieldsOf(value).some((name) => leads((value as unknown as Record<string, unknown>)[name], inside));
  }
}
