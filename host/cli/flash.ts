// SPDX-License-Identifier: MIT
// `tonewheel flash`: builds a firmware, writes it into a board's flash, verifies it, and starts it.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Command, Option } from 'commander';
import type { Board } from '../boards/index.js';
import { engineNames, type EngineName } from '../build/image/engine-names.js';
import type { Image, ImageOptions } from '../build/image/image.js';
import { choose, programmersOf, USB_KIND } from '../flash/choose.js';
import { convert, readChecked } from '../flash/files.js';
import { flash, FlashError } from '../flash/flash.js';
import { isTclPath, planFor, qemuArguments, shellLine, type ImageFiles, type Plan, type Programmer } from '../flash/plan.js';
import { usbProgrammers } from '../flash/usb.js';
import { prepareOutput } from '../output.js';
import { findTool, howToGet, ToolMissing, toolNamed } from '../tools/tools.js';
import { boardNamed } from './board.js';
import { CommandFailed, UsageError } from './failures.js';
import { checkFirmware, checkInput } from './inputs.js';

/** Builds a firmware's image; `tonewheel build` is the same function. */
export type BuildImage = (options: Pick<ImageOptions, 'firmware' | 'board' | 'engine' | 'out'>) => Promise<Pick<Image, 'files' | 'warnings'>>;

interface FlashCommandOptions {
  board: string; engine: EngineName; out?: string; image?: string; tool?: string; dryRun?: boolean; json?: boolean;
}

/** The programmer to use, and where its program is; the latter undefined only on a dry run, where it does not matter. */
function programmerFor(board: Board, wanted: string | undefined, isDryRun: boolean): { programmer: Programmer; program?: string } {
  const programmers = programmersOf(board);
  if (programmers.length === 0) {
    throw new UsageError(`board ${board.name} does not say what flashes it. Add "flashTools" to its JSON file; boards/stm32f4-discovery.json shows how.`);
  }
  const candidates = programmers.filter((p) => wanted === undefined || p.tool === wanted);
  if (candidates.length === 0) throw new UsageError(`${wanted} does not flash board ${board.name}. What does: ${programmers.map((p) => p.tool).join(', ')}.`);
  const choice = choose(candidates, findTool, usbProgrammers());
  if (choice !== undefined) return choice;
  if (isDryRun) return { programmer: candidates[0] };
  if (candidates.length === 1) throw new ToolMissing(toolNamed(candidates[0].tool));
  const ways = candidates.map(({ tool }) => `  ${tool}: ${howToGet(toolNamed(tool))}`);
  throw new CommandFailed(`nothing that flashes board ${board.name} is installed. One of these does:\n${ways.join('\n')}`);
}

interface Job {
  readonly build: BuildImage;
  readonly firmware: string | undefined;
  readonly board: Board;
  readonly options: FlashCommandOptions;
  /** A directory that goes again. */
  readonly scratch: string;
}

/** The image's files: those of a fresh build, or made of the file that the user names. */
async function filesOf({ build, firmware, board, options, scratch }: Job): Promise<ImageFiles> {
  if (firmware === undefined) return convert(options.image!, readChecked(options.image!, board), board, scratch);
  const out = options.out ?? join('build', 'images', `${board.name}-${options.engine}`);
  try {
    await prepareOutput(join(out, 'image.elf'));
    const { files, warnings } = await build({ firmware, board, engine: options.engine, out });
    for (const warning of warnings) console.error(`warning: ${warning}.`);
    const image = readChecked(files.elf, board);
    if (!isTclPath(files.elf)) return convert(files.elf, image, board, scratch);
    return { elf: files.elf, hex: files.hex, bin: files.bin, byteCount: statSync(files.bin).size };
  } catch (error) {
    if (!(error instanceof ToolMissing && options.dryRun)) throw error;
    // What would be done can be said without the compiler that would build it.
    console.error(`note: nothing was built: ${error.message}`);
    const path = join(out, basename(firmware, '.ts'));
    return { elf: `${path}.elf`, hex: `${path}.hex`, bin: `${path}.bin` };
  }
}

/** What a script sees of a plan. */
const planFacts = (board: Board, plan: Plan, files: ImageFiles) => ({
  board: board.name, tool: plan.tool, file: plan.file, byteCount: files.byteCount, before: plan.before, after: plan.after, verification: plan.verification,
  steps: plan.steps.map((s) => ({ title: s.title, command: [plan.tool, ...s.arguments] })),
});

const printJson = (value: object): void => console.log(JSON.stringify(value, null, 2));

/** What will be done, before it is. `madeOf`: the image, when the file that is written is made of it and goes again. */
function describe(board: Board, plan: Plan, files: ImageFiles, { isDryRun, madeOf }: { isDryRun: boolean; madeOf?: string }): void {
  const size = files.byteCount === undefined ? '' : ` (${files.byteCount} bytes of flash)`;
  console.log([
    `${isDryRun ? 'would flash' : 'flashing'} ${board.name} with ${plan.tool}: ${madeOf ?? plan.file}${size}`,
    ...(madeOf ? [`${plan.file} is made of it, and removed afterwards`] : []),
    ...(plan.before ? [`first ${plan.before}`] : []),
    ...plan.steps.map((s, i) => `${i + 1}. ${s.title}:\n   ${shellLine([plan.tool, ...s.arguments])}`),
    `verification: ${plan.verification}`,
    ...(isDryRun && plan.after ? [plan.after] : []),
    ...(isDryRun ? ['nothing was written to a board (--dry-run)'] : []),
  ].join('\n'));
}

/** For an emulated board: what starts the image there. */
async function tellOfQemu(machine: string, job: Job): Promise<void> {
  const { board, options } = job;
  if (options.tool !== undefined) throw new UsageError(`${options.tool} does not flash board ${board.name}: QEMU emulates it.`);
  const { elf } = await filesOf(job);
  if (elf === undefined) throw new UsageError(`board ${board.name} is emulated by QEMU, which starts ELF files. Name the image's .elf.`);
  const command = ['qemu-system-arm', ...qemuArguments(machine, elf)];
  if (options.json) printJson({ board: board.name, tool: 'qemu', file: elf, dryRun: options.dryRun === true, steps: [{ title: 'run', command }] });
  else console.log(`${board.name} is a board that QEMU emulates: there is nothing to flash. This runs the image (Ctrl-A X ends it):\n  ${shellLine(command)}`);
}

async function carryOut(job: Job): Promise<void> {
  const { board, options: { image, tool, dryRun: isDryRun = false, json }, scratch } = job;
  const { programmer, program } = programmerFor(board, tool, isDryRun);
  const files = await filesOf(job);
  const plan = planFor(programmer, files, scratch);
  const facts = { ...planFacts(board, plan, files), dryRun: isDryRun };
  if (!json) describe(board, plan, files, { isDryRun, madeOf: plan.file.startsWith(scratch) ? image : undefined });
  if (isDryRun) {
    if (json) printJson(facts);
    return;
  }
  try {
    const notes = await flash({ programmer, plan, program: program!, show: (text) => process.stderr.write(text) });
    if (json) printJson({ ...facts, ok: true, notes });
    else console.log(['', `flashed: ${files.byteCount} bytes; ${plan.verification}.`, ...notes.map((n) => `note: ${n}.`), plan.after ?? ''].join('\n').trimEnd());
  } catch (error) {
    if (json && error instanceof FlashError) printJson({ ...facts, ok: false, failure: error.kind, message: error.message });
    throw error;
  }
}

/** @param build what makes an image of a firmware */
export function flashCommand(build: BuildImage): Command {
  return new Command('flash')
    .description("build a firmware and write it into a board's flash")
    .argument('[firmware]', 'the firmware\'s TypeScript file; not with --image')
    .requiredOption('--board <board>', 'a name from "tonewheel boards", or a board\'s JSON file')
    .addOption(new Option('--engine <engine>', 'what executes the firmware on the board').choices(engineNames).default('kernels'))
    .option('--out <dir>', 'where the image is built (default: build/images/BOARD-ENGINE)')
    .option('--image <file>', 'flash this ELF, Intel HEX or binary file, and build nothing')
    .addOption(new Option('--tool <tool>', 'what flashes it (default: an installed one whose programmer is plugged in, or else the first of the board\'s)')
      .choices(Object.keys(USB_KIND)))
    .option('--dry-run', 'say what would be done, with the exact commands; needs neither the tool nor a board')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
What was written is verified: openocd and st-flash read it back, for dfu-util
we do; a Teensy cannot be read. The tool's own output goes to standard error.
A dry run builds the image too.

Exit code: 0 flashed and verified, or a dry run; 1 building or flashing failed;
2 used wrongly. The last lines of an error say what to do.

  $ tonewheel flash synth.ts --board stm32f4-discovery
  $ tonewheel flash --image synth.hex --board stm32f4-discovery
`)
    .action(async (firmware: string | undefined, options: FlashCommandOptions, command: Command) => {
      if ((firmware === undefined) === (options.image === undefined)) throw new UsageError('name either a firmware\'s TypeScript file, or an image with --image.');
      if (options.image !== undefined && command.getOptionValueSource('engine') !== 'default') {
        throw new UsageError('--engine is for a firmware that is built; an --image is built already.');
      }
      if (firmware !== undefined) checkFirmware(firmware);
      if (options.image !== undefined) checkInput('image', options.image, '"tonewheel build" makes one.');
      const board = boardNamed(options.board);
      const scratch = mkdtempSync(join(tmpdir(), 'tonewheel-flash-'));
      const job = { build, firmware, board, options, scratch };
      const emulator = (board.flashTools ?? []).find((t) => t.tool === 'qemu');
      try {
        await (emulator?.tool === 'qemu' ? tellOfQemu(emulator.machine, job) : carryOut(job));
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    });
}
