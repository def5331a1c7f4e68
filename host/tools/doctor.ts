// SPDX-License-Identifier: MIT
// Looks at a computer: which tools are there, what is missing, how to get it, and whether the programmers at USB may be opened.

import { usbProgrammers, udevAdvice, type UsbProgrammer } from '../flash/usb.js';
import { TOOLS, type Tool } from './catalogue.js';
import { thisSystem, type System } from './system.js';
import { findNewlib, findTool, howToGet, versionOf } from './tools.js';

/** What else has to be right, e.g. that sources are the ones that are expected. */
export interface Check {
  readonly name: string;
  readonly purpose: string;
  readonly needed: boolean;
  /** Undefined: all is well; else what is wrong and what to do, one line. */
  run(): Promise<string | undefined>;
}

export interface Finding {
  readonly name: string;
  readonly purpose: string;
  readonly needed: boolean;
  readonly ok: boolean;
  readonly path?: string;
  readonly version?: string;
  /** What is wrong, when it is more than that it is missing. */
  readonly problem?: string;
  /** How to get what is missing. */
  readonly get?: string;
}

export interface Diagnosis {
  readonly system: System;
  /** Whether all is there that `npm start` and `tonewheel build` need. */
  readonly ok: boolean;
  readonly tools: readonly Finding[];
  /** Undefined where the system does not show them. */
  readonly programmers?: readonly UsbProgrammer[];
}

/** engines.node of package.json. */
const NODE_WANTED = [20, 6];

const isOlder = (version: string, wanted: readonly number[]): boolean => {
  const parts = version.split('.').map(Number);
  const at = wanted.findIndex((n, i) => parts[i] !== n);
  return at >= 0 && parts[at] < wanted[at];
};

async function look(tool: Tool, system: System): Promise<Finding> {
  const { name, purpose } = tool;
  const needed = tool.need === 'needed';
  // This process runs on the node that counts, wherever PATH leads.
  const path = name === 'node' ? process.execPath : name === 'newlib' ? await findNewlib() : findTool(name);
  if (path === undefined) return { name, purpose, needed, ok: false, get: howToGet(tool, system) };
  const version = name === 'node' ? process.versions.node : tool.programs.length > 0 ? await versionOf(tool, path) : undefined;
  if (name === 'node' && isOlder(version!, NODE_WANTED)) {
    return { name, purpose, needed, ok: false, path, version, problem: `it is older than ${NODE_WANTED.join('.')}`, get: `see ${tool.elsewhere}` };
  }
  return { name, purpose, needed, ok: true, path, version };
}

async function carryOut({ name, purpose, needed, run }: Check): Promise<Finding> {
  const problem = await run();
  return { name, purpose, needed, ok: problem === undefined, problem };
}

/** @param checks besides the tools */
export async function diagnose(checks: readonly Check[] = []): Promise<Diagnosis> {
  const system = thisSystem();
  const tools = await Promise.all([...TOOLS.map((tool) => look(tool, system)), ...checks.map(carryOut)]);
  return { system, ok: tools.every((t) => t.ok || !t.needed), tools, programmers: usbProgrammers() };
}

/** The diagnosis for people: a line a tool, then how to get what is missing, then what is plugged in. */
export function diagnosisText({ ok, system, tools, programmers }: Diagnosis): string {
  const width = Math.max(...tools.map((t) => t.name.length));
  const lines = tools.map((t) => {
    const state = t.ok ? t.version ?? 'here' : t.problem ?? 'missing';
    return `${t.ok ? 'ok  ' : t.needed ? 'FAIL' : '-   '} ${t.name.padEnd(width)}  ${state.padEnd(14)} ${t.purpose}`;
  });
  const missing = tools.filter((t) => !t.ok && t.get !== undefined);
  if (missing.length > 0) {
    lines.push('', 'To get what is missing:', ...missing.map((t) => `  ${t.name.padEnd(width)}  ${t.get}${t.needed ? '' : '  (optional)'}`));
  }
  lines.push('', ...programmerLines(programmers, system));
  lines.push('', ok ? 'All that "npm start" and "tonewheel build" need is here.' : 'Something that "npm start" or "tonewheel build" needs is missing: see FAIL above.');
  return lines.join('\n');
}

function programmerLines(programmers: Diagnosis['programmers'], system: System): string[] {
  if (programmers === undefined) {
    if (system !== 'windows') return ['Programmers at USB: this system does not show its USB devices.'];
    return [
      'Programmers at USB: not looked at on Windows.',
      "An ST-LINK wants ST's driver STSW-LINK009; a board in DFU mode wants WinUSB, by Zadig (https://zadig.akeo.ie).",
    ];
  }
  if (programmers.length === 0) return ['Programmers at USB: none is plugged in.'];
  return ['Programmers at USB:', ...programmers.flatMap(({ kind, product, node, mayOpen }) => [
    `${mayOpen ? 'ok  ' : '-   '} ${kind.name} (${kind.vendor}:${product}) at ${node}${mayOpen ? '' : ': you may not open it. To change that,'}`,
    ...(mayOpen ? [] : udevAdvice(kind).map((line) => `       ${line}`)),
  ])];
}
