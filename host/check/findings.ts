// SPDX-License-Identifier: MIT
// What is wrong, in words: where, by which path, and what to do.

import { stripVTControlCharacters } from 'node:util';
import type { Board } from '../boards/index.js';
import type { CompileError } from '../build/compile.js';
import type { Constant } from '../build/transform.js';
import { isLibrary, type FirmwareTrap } from '../cpu/wasm/trap.js';
import type { Vector } from '../vectors.js';
import { amount } from './amounts.js';
import type { BudgetCheck, CharactersCheck, CriticalSection, Finding, FindingKind, HandlerCheck, StackCheck, StackContext, VoicesCheck } from './check-result.js';
import { EndlessInit } from './rates/endless-init.js';
import { comesBack } from './stack/chain.js';
import type { NeverReturns, PathStep, UnboundedPlace, WorstCase } from './worst-case/result.js';

const COMPILER_KINDS: Readonly<Record<string, FindingKind>> = { 'heap use': 'heap', recursion: 'recursion', 'an indirect call': 'indirect call' };
const ADVICE: Readonly<Partial<Record<FindingKind, string>>> = {
  heap: 'Take the memory in init and keep it.',
  recursion: 'Use a loop with a bound, and an array in place of the stack.',
  'indirect call': 'Use a switch over direct calls.',
};

/** Where an error is, as the compiler prints it, "└─ in a.ts(14,9)". */
const PLACE = /─ in (.+)\((\d+),\d+\)/;

/** A path as the compiler prints it, "a (f.ts:1) -> b (f.ts:2) -> c": the last may have no place of its own. */
function pathOf(text: string): PathStep[] {
  return text.trim().split(' -> ').map((step) => {
    const [, functionName, file = '', line = '0'] = /^(.+?)(?: \((.*):(\d+)\))?$/.exec(step) ?? ['', step];
    return { functionName, file, line: Number(line) };
  });
}

/** The compiler's errors as findings: what handlers must not do by kind, the rest in the compiler's words. */
export function compilerFindings(error: CompileError): Finding[] {
  // The compiler colours what it says wherever it takes the output for a terminal, on a CI server among others.
  const message = stripVTControlCharacters(error.message);
  const findings: Finding[] = [];
  const rule = /^(?:ERROR:?\s*)?(?:the handler of )?(\S+) reaches (heap use|recursion|an indirect call): (.*?)\. Path: (.*)$/gm;
  for (const match of message.matchAll(rule)) {
    const [, subject, what, text, path] = match;
    const [, file, line] = PLACE.exec(message.slice(match.index)) ?? [];
    const kind = COMPILER_KINDS[what];
    findings.push({ severity: 'error', kind, subject, text: `${subject} reaches ${what}: ${text}.`, advice: ADVICE[kind]!, ...(file ? { file, line: Number(line) } : {}), path: pathOf(path) });
  }
  if (findings.length > 0) return findings;
  const [, file, line] = PLACE.exec(message) ?? [];
  return [{ severity: 'error', kind: 'does not compile', subject: file ?? '', text: message, advice: 'Mend what the compiler says.', ...(file ? { file, line: Number(line) } : {}), path: [] }];
}

const UNBOUNDED = {
  loop: { kind: 'unbounded loop', text: 'the loop has no bound that the code shows', advice: 'Count to a constant, or write // @bound(N) above the loop: never more than N turns.' },
  recursion: { kind: 'recursion', text: 'the function calls itself', advice: ADVICE.recursion! },
  'indirect call': { kind: 'indirect call', text: 'the call has no known target', advice: ADVICE['indirect call']! },
} as const satisfies Record<UnboundedPlace['kind'], { kind: FindingKind; text: string; advice: string }>;

/** Rates and budgets in microseconds were reckoned with the board's clock. */
export function clockFindings({ name, coreHertz }: Board, atSetUp: number): Finding[] {
  if (Math.abs(atSetUp - coreHertz) < 1) return [];
  return [{
    severity: 'warning', kind: 'clock', subject: name, path: [], text: `The core runs at ${atSetUp / 1e6} MHz when set-up is over; the board's clock is ${coreHertz / 1e6} MHz.`,
    advice: 'Call boardInit or clockInit in init; budgets and rates given as times mean the board\'s clock.',
  }];
}

/** Names of constants that a report lists at most. */
const MOST_NAMES = 8;

/** That a bound comes to no number, and what would. */
function unknownBound({ text, unknown }: NonNullable<UnboundedPlace['said']>, { file, path }: UnboundedPlace, constants: readonly Constant[]): Pick<Finding, 'text' | 'advice'> {
  const { functionName } = path[path.length - 1];
  const isOne = unknown.length === 1;
  const own = [...constants.filter((c) => c.file === file), ...constants.filter((c) => c.file !== file && !isLibrary(c.file))];
  const known = [...new Map(own.map(({ name, value }) => [name, value]))].slice(0, MOST_NAMES).map(([name, value]) => `${name} (${value})`);
  return {
    text: `${text} says nothing: ${unknown.map((name) => `"${name}"`).join(' and ')} ${isOne ? 'has no value that is' : 'have no values that are'} known at compile time, neither as `
      + `${isOne ? 'a constant' : 'constants'} of the sources nor as ${isOne ? 'a parameter' : 'parameters'} of ${functionName} for which all calls pass something that is known.`,
    advice: `Write a number, or a constant${known.length > 0 ? `: there ${known.length > 1 ? 'are' : 'is'} ${known.join(', ')}` : ', as const MOST: i32 = 16'}.`,
  };
}

/** Each place once, whichever handlers reach it: the first of them is named. */
export function unboundedFindings(subject: string, places: readonly UnboundedPlace[], known: readonly Finding[], constants: readonly Constant[]): Finding[] {
  return places.filter(({ file, line }) => !known.some((f) => f.file === file && f.line === line)).map((place) => {
    const { kind, file, line, path, said } = place;
    const { text, advice, kind: findingKind } = UNBOUNDED[kind];
    const words = said ? unknownBound(said, place, constants) : { text: `${text}, so its worst case is unknown.`, advice };
    return { severity: 'error', kind: findingKind, subject, text: `${subject}: ${words.text}`, advice: words.advice, file, line, path: [...path] };
  });
}

/** Loops that end only when their counter has run through all that it can be. */
export const wideFindings = (subject: string, { wide }: WorstCase, known: readonly Finding[]): Finding[] => unboundedFindings(subject, wide, known, []).map((finding) => ({
  ...finding, text: `${subject}: the loop has no bound that the code shows but the width of its counter, so its worst case is unknown.`,
  advice: 'Show how far it goes at most, as in i < min(n, 64) or i < (n & 63), or write // @bound(64) above the loop: never more than 64 turns.',
}));

/** A handler that stops the firmware whenever it runs. */
export function trapFinding({ name, functionName, file, line }: Vector, { path }: NeverReturns): Finding {
  const place = [...path].reverse().find((step) => !isLibrary(step.file)) ?? { file, line };
  return {
    severity: 'error', kind: 'trap', subject: name, file: place.file, line: place.line, path: path.length > 0 ? path : [{ functionName, file, line }],
    text: `${name}: every way through its handler ends in a trap (abort, throw, unreachable, or an assertion that fails), so the firmware stops at its first interrupt.`,
    advice: 'Let the handler return: count what goes wrong, and leave what main can do to main.',
  };
}

/** A firmware that stops before it has begun: what its interrupts are is not known. */
export function setUpFinding({ reason, handler, frames, cause }: FirmwareTrap): Finding {
  const place = frames.find(({ file }) => !isLibrary(file)) ?? frames[0];
  const base = { ...(place && { file: place.file, line: place.line }), path: [...frames].reverse().map(({ functionName, file, line }) => ({ functionName, file, line })) };
  if (cause instanceof EndlessInit) {
    const isInit = frames.some(({ functionName }) => functionName === 'init');
    return {
      ...base, severity: 'error', kind: 'unbounded loop', subject: 'init',
      text: `${isInit ? 'init' : 'What stands at the top level'} does not return: on the emulated board it is still here after ${cause.seconds} s, and main is not reached.`,
      advice: 'What goes on for ever belongs in main. Where it waits for something, let it give up: for (let n = 0; n < 10000 && !ready(); n++) {}.',
    };
  }
  return {
    ...base, severity: 'error', kind: 'trap', subject: handler ?? 'set-up',
    text: `The firmware stops while it sets itself up on the emulated board, ${handler === undefined ? 'in init or main' : `in the handler of ${handler}`}: ${reason}.`,
    advice: 'Mend what stops it; "tonewheel run" shows the same, and when it happens.',
  };
}

/** A firmware of which nothing can be late. */
export const handlerFindings = (firmware: string, vectors: readonly Vector[]): Finding[] => (vectors.length > 0 ? [] : [{
  severity: 'warning', kind: 'no handlers', subject: firmware, path: [],
  text: 'The firmware has no interrupt handler, so there is no deadline to prove: main runs alone, for as long as it takes.',
  advice: 'A function becomes the handler of an interrupt by @isr("SysTick", 1) above it.',
}]);

/** How many voices would do for the handler that renders, where fewer than there are would. */
function fewerVoices(voices: VoicesCheck | null, engine: string): string {
  const fits = voices?.engines.find((found) => found.engine === engine)?.fits;
  if (!voices || !fits || fits >= voices.now) return '';
  const { constant, now, compared, file, line } = voices;
  return ` Or have fewer voices: ${constant} = ${fits} in ${file}:${line} fits, in a straight line from ${now} and ${compared}; set it, and check proves it.`;
}

/** Why so many characters may wait, and what else than a larger bound helps. */
const CHARACTERS = {
  runs: ['', ''],
  'set-up': [', which come while the set-up runs', ' Or call uartStart later, when what has the handler run is about to start.'],
  queue: [', all that the queue holds, since it is not sure that it takes all of them each time', ' Or come to the loop on every way through the handler, and leave it only when uartReceive says no.'],
} as const;

/** More received characters than a handler's worst case has. */
function characterFinding({ vector, functionName }: HandlerCheck, { taken, mayCome, because, file, line }: CharactersCheck): Finding {
  const [why, help] = because ? CHARACTERS[because] : ['', ''];
  return {
    severity: 'error', kind: 'unbounded loop', subject: vector, file, line, path: [{ functionName, file, line }],
    text: mayCome === null ? `${vector}: nothing says how many received characters may wait for it; its worst case has ${taken}.`
      : `${vector} may find ${mayCome} received characters in one run${why}; its worst case has ${taken}.`,
    // And one for what comes while so many are taken.
    advice: mayCome === null ? 'Leave the rest for the next run: for (let n = 0; n < 4 && uartReceive(); n++).'
      : `Write // @limit(received: ${mayCome + 1}) somewhere in the firmware, or leave the rest for the next run: for (let n = 0; n < 4 && uartReceive(); n++).${help}`,
  };
}

/**
 * What the schedule says of each handler.
 * @param renderer vector of the handler that renders
 */
export function scheduleFindings(handlers: readonly HandlerCheck[], coreHertz: number, engine: string, renderer: string | undefined, voices: VoicesCheck | null): Finding[] {
  const other = engine === 'aot' ? '' : ' Another engine may do: --engine aot.';
  return handlers.flatMap((handler): Finding[] => {
    if (handler.verdict === 'meets' && handler.characters && handler.characters.taken < (handler.characters.mayCome ?? Infinity)) return [characterFinding(handler, handler.characters)];
    const { vector, verdict, file, line, responseCycles, deadlineCycles, deadlineReason, functionName } = handler;
    const quicker = `${vector === renderer ? fewerVoices(voices, engine) : ''}${other}`;
    const base = { subject: vector, file, line, path: [{ functionName, file, line }] };
    const time = (cycles: number): string => amount(cycles, 'cycles', coreHertz);
    if (verdict === 'late') {
      return [{
        ...base, severity: 'error', kind: 'late', text: `${vector} may take until ${time(responseCycles!)} after its interrupt; it must be done within ${time(deadlineCycles!)}: ${deadlineReason}.`,
        advice: `Make it, or what is more urgent, cheaper: the worst path below says where the time goes.${quicker}`,
      }];
    }
    if (verdict === 'overload') {
      return [{
        ...base, severity: 'error', kind: 'overload', text: `${vector} and what is as urgent as it want more time than there is.`,
        advice: `Make these handlers cheaper or rarer.${quicker}`,
      }];
    }
    if (verdict === 'unknown rate') {
      const own = handler.sources.length === 0;
      return [{
        ...base, severity: own ? 'error' : 'warning', kind: 'unknown rate',
        text: own ? `${vector}: nothing in the set-up says how often its interrupt falls.` : `${vector}: its response is unknown, because something as urgent has no rate or no worst case.`,
        advice: own ? `Say it in the source, @isr("${vector}", ${handler.priority}, { rate: "100Hz" }), or in tonewheel.json.` : 'See the findings of the more urgent handlers.',
      }];
    }
    return [];
  });
}

export function sectionFindings(sections: readonly CriticalSection[]): Finding[] {
  return sections.filter(({ cycles }) => cycles === null).map(({ functionName, file, line, contexts }) => ({
    severity: 'error', kind: 'unbounded loop', subject: functionName, file, line, path: [{ functionName, file, line }],
    text: `Interrupts are masked for a time without a known bound, in ${contexts.join(' and ')}.`,
    advice: 'Restore them in the function that masks them, and repeat nothing in between whose number of turns is unknown.',
  }));
}

export function budgetFindings(budgets: readonly BudgetCheck[], handlers: readonly HandlerCheck[], coreHertz: number): Finding[] {
  return budgets.filter(({ holds }) => !holds).map(({ kind, name, unit, limit, actual, from, file, line }) => {
    const handler = handlers.find(({ vector }) => vector === name);
    const at = file === undefined ? (handler && { file: handler.file, line: handler.line }) : { file, line };
    const found = actual === null ? 'is not known' : `is ${amount(actual, unit, coreHertz)}`;
    const least = kind === 'headroom' || kind === 'voices';
    if (kind === 'handler' && !handler) {
      return { severity: 'error', kind: 'budget', subject: name, path: [], text: `${from} has a budget for ${name}, of which this firmware has no handler.`, advice: 'Budgets go by the name of the vector, as @isr has it.' };
    }
    const what = { handler: `${name}: its worst case`, function: `${name}: its worst case`, stack: `the worst case of the ${name} stack`, headroom: 'the headroom of the block', voices: `the number of voices with engine ${name}` }[kind];
    return {
      severity: 'error', kind: 'budget', subject: name, ...at, path: handler ? [{ functionName: handler.functionName, file: handler.file, line: handler.line }] : [],
      text: `${what} ${found}, ${least ? 'less than' : actual === null ? 'and is not to be above' : 'above'} the ${amount(limit, unit, coreHertz)} ${least ? 'wanted by' : 'allowed by'} ${from}.`,
      advice: kind === 'function' && actual === null ? 'It has no bound, or the compiler has made it a part of whoever calls it: then it is in their worst paths, and @native keeps it apart.' : kind === 'handler' || kind === 'function' ? 'Make the worst path below cheaper, move work out of it, or raise the budget.' : 'Make room, or change the budget.',
    };
  });
}

export function stackFindings({ c, boot, interpreter, missing }: StackCheck): Finding[] {
  const deep = (name: string, { worstBytes, recursive, reserveBytes, nesting }: StackCheck['c'], option: string, alone: StackContext | null): Finding[] => {
    const largest = recursive !== null ? nesting.find(({ path }) => comesBack(path)) : alone && alone.byteCount === worstBytes ? alone : [...nesting].sort((a, b) => b.byteCount - a.byteCount)[0];
    const path = largest?.places ?? [];
    const base = { severity: 'error', kind: 'stack', subject: name, path } as const;
    if (recursive !== null) {
      const last = path[path.length - 1];
      return [{
        ...base, ...(last && { file: last.file, line: last.line }), text: `The ${name} has no bound: ${recursive} may come to call itself, in ${largest!.context}.`,
        advice: `${ADVICE.recursion} A call by reference may lead to each function of its type.`,
      }];
    }
    if (worstBytes === null || worstBytes <= reserveBytes) return [];
    return [{
      ...base, ...(path[0] && { file: path[0].file, line: path[0].line }),
      text: `The ${name} may need ${worstBytes} bytes; ${reserveBytes} are reserved. Most of it is ${largest!.context}'s: ${largest!.byteCount} bytes.`,
      advice: `Call less deeply, keep large values in memory, or build with ${option} ${Math.ceil(worstBytes / 256) * 256} and check with the same.`,
    }];
  };
  return [
    ...deep('C stack', c, '--stack', boot),
    ...(interpreter ? deep("interpreter's main stack", interpreter.main, '--main-stack', null) : []),
    ...missing.map((text): Finding => ({ severity: 'warning', kind: 'stack', subject: 'C stack', text, advice: '"tonewheel doctor" says how to get what is missing.', path: [] })),
  ];
}
