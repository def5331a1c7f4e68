// SPDX-License-Identifier: MIT
// The project's file, tonewheel.json: limits that `check` holds a firmware to, and what the source cannot say. Its JSON schema is beside this.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Board } from '../boards/index.js';
import { periodCycles, RATE_WANTED, TIME_WANTED, timeCycles } from '../build/limits.js';
import type { EngineName } from '../build/image/engine-names.js';
import { packageRoot } from '../paths.js';
import { UserError } from '../user-error.js';

export const PROJECT_FILE = 'tonewheel.json';

/** The file is not what it should be; the message says where and what is wanted. */
export class ProjectError extends UserError {
  override readonly name = 'ProjectError';
  override readonly isMisuse = true;
}

/** Limits in cycles, bytes and shares. */
export interface Project {
  /** As a user wants to read it; undefined without a file. */
  readonly file?: string;
  readonly budgets: {
    /** By the manual's vector name. */
    readonly handlers: ReadonlyMap<string, number>;
    readonly functions: ReadonlyMap<string, number>;
    readonly stackBytes?: number;
    /** Share of the block's deadline. */
    readonly headroom?: number;
    readonly voices: Readonly<Partial<Record<EngineName, number>>>;
  };
  /** Cycles from one interrupt to the next, by the manual's vector name. */
  readonly periods: ReadonlyMap<string, number>;
  /** Names of the constants of the source that say how many voices and how many frames a block there are. */
  readonly voices: string;
  readonly blockFrames: string;
  /** Most voices that the firmware is made for. */
  readonly mostVoices: number;
}

interface ProjectJson {
  budgets?: { handlers?: Record<string, number | string>; functions?: Record<string, number | string>; stack?: number; headroom?: string; voices?: Partial<Record<EngineName, number>> };
  rates?: Record<string, number | string>;
  voices?: string;
  mostVoices?: number;
  blockFrames?: string;
}

/** The nearest one from the firmware's directory upwards, no further than the nearest package.json. */
function find(firmware: string): string | undefined {
  for (let directory = dirname(resolve(firmware)); ; directory = dirname(directory)) {
    const file = join(directory, PROJECT_FILE);
    if (existsSync(file)) return file;
    if (existsSync(join(directory, 'package.json')) || dirname(directory) === directory) return undefined;
  }
}

async function read(file: string, shown: string): Promise<ProjectJson> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ProjectError(`${shown} is not JSON: ${(error as Error).message}`);
  }
  const { Ajv } = await import('ajv');
  const validate = new Ajv({ allErrors: false, allowUnionTypes: true }).compile(JSON.parse(readFileSync(join(packageRoot, 'host', 'check', 'project.schema.json'), 'utf8')));
  if (!validate(json)) {
    const { instancePath, keyword, params, message } = validate.errors![0];
    const where = instancePath === '' ? 'at the top' : `at ${instancePath.slice(1).replaceAll('/', '.')}`;
    throw new ProjectError(`${shown}, ${where}: ${keyword === 'additionalProperties' ? `"${params.additionalProperty}" is not known here` : message}. docs/check.md has an example.`);
  }
  return json as ProjectJson;
}

/** @throws ProjectError */
export async function loadProject(firmware: string, board: Board): Promise<Project> {
  const path = find(firmware);
  const near = path && relative(process.cwd(), path);
  const file = near?.startsWith('..') ? path : near;
  const json = path === undefined ? {} : await read(path, file!);
  const cyclesOf = (entries: Record<string, number | string> | undefined, at: string, convert: (given: number | string, hertz: number) => number | undefined, wanted: string, name = (key: string) => key) =>
    new Map(Object.entries(entries ?? {}).map(([key, given]) => {
      const cycles = convert(given, board.coreHertz);
      if (cycles === undefined) throw new ProjectError(`${file}, at ${at}.${key}: found ${JSON.stringify(given)}, wanted ${wanted}`);
      return [name(key), cycles] as const;
    }));
  const vector = (name: string): string => board.aliases[name] ?? name;
  const { budgets = {} } = json;
  return {
    file,
    budgets: {
      handlers: cyclesOf(budgets.handlers, 'budgets.handlers', timeCycles, TIME_WANTED, vector),
      functions: cyclesOf(budgets.functions, 'budgets.functions', timeCycles, TIME_WANTED),
      stackBytes: budgets.stack, headroom: budgets.headroom === undefined ? undefined : parseFloat(budgets.headroom) / 100, voices: budgets.voices ?? {},
    },
    periods: cyclesOf(json.rates, 'rates', periodCycles, RATE_WANTED, vector),
    voices: json.voices ?? 'VOICE_COUNT',
    mostVoices: json.mostVoices ?? Infinity,
    blockFrames: json.blockFrames ?? 'BLOCK_FRAMES',
  };
}
