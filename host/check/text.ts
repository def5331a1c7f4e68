// SPDX-License-Identifier: MIT
// A check in a terminal: what each handler takes and when it is done, the block, voices, stack, budgets, and what is wrong. Fits 100 columns.

import pc from 'picocolors';
import { number, percent } from '../profile/format.js';
import { amount, time } from './amounts.js';
import type { CheckResult, Finding, HandlerCheck, StackCheck, Verdict } from './check-result.js';
import type { CallNode } from './worst-case/result.js';

type Colours = ReturnType<typeof pc.createColors>;

const WIDTH = 100;
const CELLS = 30;
/** Parts of a worst path below this share of it are left out, and so are all after the first few of a function's lines. */
const LEAST_SHARE = 0.03;
const MOST_LINES = 3;

const WORDS: Readonly<Record<Verdict, string>> = { meets: 'in time', late: 'LATE', unbounded: 'NO BOUND', 'unknown rate': 'RATE?', overload: 'OVERLOAD' };
const us = (cycles: number | null, hertz: number): string => (cycles === null ? '–' : number((cycles / hertz) * 1e6, Math.abs(cycles / hertz) < 1e-3 ? 2 : 0));

/** Breaks text at spaces; what follows the first line is indented. */
function wrap(text: string, first: string, indent = first.length): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    if (line.length + word.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

function bar(share: number, c: Colours): string {
  const cells = Math.max(0, Math.min(CELLS, Math.ceil(share * CELLS - 1e-9)));
  const paint = share > 1 ? c.red : share > 0.9 ? c.yellow : c.green;
  return `${paint('█'.repeat(cells))}${c.dim('·'.repeat(CELLS - cells))}`;
}

/** Rows as columns of equal width: the first two to the left, the rest to the right. */
function table(rows: readonly (readonly string[])[], left = 2): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => (i < left || i === row.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd());
}

function handlerTable({ handlers, coreHertz }: CheckResult, c: Colours): string[] {
  if (handlers.length === 0) return [];
  const period = ({ sources }: HandlerCheck): string => {
    const known = sources.flatMap(({ periodCycles }) => periodCycles ?? []);
    return known.length === 0 ? '–' : `${us(Math.min(...known), coreHertz)}${known.length > 1 ? ` ×${known.length}` : ''}`;
  };
  const head = ['', 'handler', 'C µs', 'T µs', 'R µs', 'D µs', 'slack', 'load', ''];
  const rows = handlers.map((h) => [
    String(h.priority), `${h.vector} ${h.functionName}`, us(h.worstCycles, coreHertz), period(h), us(h.responseCycles, coreHertz), us(h.deadlineCycles, coreHertz),
    us(h.slackCycles, coreHertz), h.utilisation === null ? '–' : percent(h.utilisation).replace('\u00a0', ' '), `${h.verdict === 'meets' ? '✓' : '✗'} ${WORDS[h.verdict]}`,
  ]);
  const [title, ...lines] = table([head, ...rows]);
  return [c.dim(title), ...lines.map((line, i) => (handlers[i].verdict === 'meets' ? line : c.red(line)))];
}

function rateLines({ handlers, coreHertz }: CheckResult, c: Colours): string[] {
  return handlers.flatMap(({ vector, sources, deadlineReason, deadlineCycles }) => {
    const rates = sources.map(({ what, periodCycles, jitterCycles }) => `${what} ${periodCycles === null ? 'at an unknown rate' : `every ${time(periodCycles, coreHertz)}`}${jitterCycles > 0 ? ', two at once' : ''}`);
    const due = deadlineCycles === null ? [] : [`due because ${deadlineReason}`];
    return rates.length + due.length === 0 ? [] : wrap([...rates, ...due].join('; '), `   ${vector}: `, 5).map((line) => c.dim(line));
  });
}

function latencyLine({ handlers, interruptLatencyCycles, criticalSections, utilisation, coreHertz }: CheckResult): string[] {
  const longest = criticalSections[0];
  const masked = longest ? `; masked at most ${longest.cycles === null ? 'for an unknown time' : time(longest.cycles, coreHertz)}, in ${longest.functionName} (${longest.file}:${longest.line})` : '';
  return [
    ...(utilisation === null || handlers.length === 0 ? [] : [`Load        ${percent(utilisation).replace('\u00a0', ' ')} of the core at worst, all handlers together`]),
    ...(interruptLatencyCycles === null ? [] : wrap(`${time(interruptLatencyCycles, coreHertz)} at worst from the most urgent interrupt to its handler${masked}`, 'Latency     ')),
  ];
}

function blockLines({ block, coreHertz }: CheckResult, c: Colours): string[] {
  if (!block) return [];
  const { responseCycles, deadlineCycles, deadlineFrames, frameCount, headroom, sampleRate } = block;
  const share = responseCycles === null ? null : responseCycles / deadlineCycles;
  const what = `${frameCount} frames at ${number(sampleRate, 1)} Hz, due within ${deadlineFrames} frames (${time(deadlineCycles, coreHertz)})`;
  if (share === null) return [`Block       ${what}`, `            ${c.red('its worst response is not known')}`];
  const rest = headroom! >= 0 ? `${percent(headroom!).replace('\u00a0', ' ')} headroom` : `late by ${time(responseCycles! - deadlineCycles, coreHertz)}`;
  return [`Block       ${what}`, `            ${bar(share, c)} ${time(responseCycles!, coreHertz)} at worst, ${headroom! >= 0 ? rest : c.red(rest)}`];
}

function voiceLines({ voices, engine: mine, coreHertz }: CheckResult, c: Colours): string[] {
  if (!voices) return [];
  const rows = voices.engines.map(({ engine, fits, atLimit, marginalCycles, nowLoad }) => [
    `            ${engine}`, fits === null ? '–' : `${atLimit ? '≥ ' : ''}${fits}`, 'fit', marginalCycles === null ? '' : `${time(marginalCycles, coreHertz)} each`,
    nowLoad === null ? '' : `${voices.now} take ${percent(nowLoad).replace('\u00a0', ' ')} of the deadline`,
  ]);
  const lines = table(rows, 1);
  return [`Voices      ${voices.constant} = ${voices.now} (${voices.file}:${voices.line})`,
    ...lines.map((line, i) => {
      const { engine, fits } = voices.engines[i];
      return engine === mine ? (fits !== null && fits < voices.now ? c.red(line) : line) : c.dim(line);
    })];
}

function stackLines(stack: StackCheck | null, c: Colours): string[] {
  if (!stack) return [];
  const row = (name: string, { worstBytes, reserveBytes, nesting }: StackCheck['c'], boot: number): string[] => {
    if (worstBytes === null) return [`${name}${reserveBytes} bytes reserved; ${c.yellow('what is needed is not known')}`];
    const nested = nesting.map(({ context, byteCount }) => `${context} ${byteCount}`).join(' + ');
    const parts = nesting.length > 1 ? [`            ${c.dim(`${nested}${boot === worstBytes ? `; booting alone ${boot}` : ''}`)}`] : [];
    return [`${name}${bar(worstBytes / reserveBytes, c)} ${worstBytes} of ${reserveBytes} bytes at worst`, ...parts];
  };
  const { c: own, boot, interpreter } = stack;
  return [
    ...row('C stack     ', own, boot?.byteCount ?? 0),
    ...(interpreter ? [...row('Main stack  ', interpreter.main, 0), `            ${c.dim(`handlers have regions of their own: ${interpreter.handlers.map(({ context, byteCount }) => `${context} ${byteCount}`).join(', ')}`)}`] : []),
  ];
}

function budgetLines({ budgets, coreHertz }: CheckResult, c: Colours): string[] {
  if (budgets.length === 0) return [];
  const least = (kind: string): boolean => kind === 'headroom' || kind === 'voices';
  const rows = budgets.map(({ kind, name, unit, limit, actual, holds, from }) => [
    `            ${kind} ${name}`, actual === null ? 'unknown' : amount(actual, unit, coreHertz), least(kind) ? 'of at least' : 'of', amount(limit, unit, coreHertz), `${holds ? '✓' : '✗'} ${from}`,
  ]);
  return ['Budgets', ...table(rows, 1).map((line, i) => (budgets[i].holds ? line : c.red(line)))];
}

/** A worst path as a tree: cycles, how often, where; under each function the dearest of its own lines. */
function pathLines(root: CallNode, hertz: number, c: Colours): string[] {
  const lines: string[] = [];
  const row = (cycles: number, times: number, indent: string, text: string, place: string): void => {
    const share = percent(cycles / root.cycles).replace('\u00a0', ' ');
    lines.push(`${number(Math.ceil(cycles)).padStart(10)} ${us(cycles, hertz).padStart(9)} ${share.padStart(6)} ${`×${number(times, Math.abs(times - Math.round(times)) < 0.05 ? 0 : 1)}`.padStart(6)}  ${indent}${text}  ${c.dim(place)}`);
  };
  const visit = (node: CallNode, indent: string): void => {
    row(node.cycles, node.times, indent, node.functionName, `${node.file}:${node.line}`);
    const dear = node.lines.map((line) => ({ ...line, all: line.cycles })).filter(({ all }) => all >= LEAST_SHARE * root.cycles).sort((a, b) => b.all - a.all).slice(0, MOST_LINES);
    for (const { all, times, file, line } of dear) row(all, times, `${indent}  `, '·', `${file}:${line}`);
    for (const child of [...node.children].sort((a, b) => b.cycles - a.cycles)) if (child.cycles >= LEAST_SHARE * root.cycles) visit(child, `${indent}  `);
  };
  lines.push(c.dim(`${'cycles'.padStart(10)} ${'µs'.padStart(9)} ${'share'.padStart(6)} ${'times'.padStart(6)}`));
  visit(root, '');
  return lines;
}

/** Kinds that the time of a handler's worst path explains. */
const ABOUT_TIME: readonly Finding['kind'][] = ['late', 'overload', 'budget'];

function findingLines({ findings, handlers, coreHertz }: CheckResult, c: Colours): string[] {
  const shown = new Set<string>();
  return findings.flatMap((finding) => {
    const { severity, kind, subject, text, advice, file, line, path } = finding;
    const paint = severity === 'error' ? c.red : c.yellow;
    const place = file === undefined ? '' : `  ${file}:${line}`;
    const handler = ABOUT_TIME.includes(kind) ? handlers.find(({ vector }) => vector === subject) : undefined;
    const tree = handler?.path && !shown.has(subject) ? ['', c.dim(`  Worst path of ${subject}:`), ...pathLines(handler.path, coreHertz, c)] : [];
    if (handler) shown.add(subject);
    const steps = handler ? [] : path.map(({ functionName, file: at, line: where }, i) => c.dim(`    ${i === 0 ? 'in' : '→ '} ${functionName}${at ? `  ${at}:${where}` : ''}`));
    const words = kind === 'does not compile' ? text.split('\n').map((l) => `  ${l}`) : wrap(text, '  ');
    return ['', paint(c.bold(`${severity === 'error' ? '✗' : '!'} ${kind}${place}`)), ...words, ...steps, ...wrap(advice, '  → ', 4), ...tree];
  });
}

function costLine({ costs, engine, core }: CheckResult, c: Colours): string[] {
  const { handlerPercent, blockPercent, validatedOn, command } = costs;
  const error = handlerPercent === null || blockPercent === null ? 'not calibrated against measurement'
    : `typical costs off by ${number(handlerPercent, 1)} % for a handler and ${number(blockPercent, 1)} % for a block, on ${validatedOn.join(', ')} (${command})`;
  return wrap(`worst costs of ${engine} on ${core}: ${error}`, 'Costs       ').map((line) => c.dim(line));
}

/** @param colours whether to use the terminal's colours; by default when there is a terminal that has them */
export function checkText(result: CheckResult, colours: boolean = pc.isColorSupported): string {
  const c = pc.createColors(colours);
  const errors = result.findings.filter(({ severity }) => severity === 'error').length;
  const section = (lines: string[]): string[] => (lines.length > 0 ? [...lines, ''] : []);
  const met = result.handlers.length > 0 ? 'Every deadline is met at worst, and every budget holds.' : 'Nothing is wrong; there was no deadline to prove.';
  const verdict = result.passed ? c.green(`✓ ${met}`) : c.red(`✗ ${number(errors)} ${errors === 1 ? 'thing is' : 'things are'} wrong.`);
  return [
    `${c.bold(result.firmware)} on ${result.board}, engine ${result.engine}, ${number(result.coreHertz / 1e6, 0)} MHz`, '',
    ...section(handlerTable(result, c)),
    ...section(rateLines(result, c)),
    ...latencyLine(result), ...section(blockLines(result, c)),
    ...section(voiceLines(result, c)),
    ...section(stackLines(result.stack, c)),
    ...section(budgetLines(result, c)),
    ...(result.handlers.length > 0 ? costLine(result, c) : []),
    ...findingLines(result, c), '',
    verdict,
  ].join('\n');
}
