// SPDX-License-Identifier: MIT
// Runs an as-pect spec on an emulated board: the same machine, meter and costs as a firmware's run, with the spec in place of the firmware.

import { VECTOR_SECTION } from '../vectors.js';
import { withCustomSection } from '../cpu/wasm/writer.js';
import { EmulatedBoard } from '../emulator/emulated-board.js';
import { board, vectors } from './transform.js';

type CreateImports = (imports: Record<string, WebAssembly.ModuleImports>) => WebAssembly.Imports;
type Instantiate = (bytes: Uint8Array, imports: WebAssembly.Imports) => Promise<{ exports: Record<string, unknown> }>;

/** For as-pect.config.js: `instantiate` there is this function. */
export async function instantiateOnBoard(_memory: WebAssembly.Memory, createImports: CreateImports, instantiate: Instantiate, binary: Uint8Array): Promise<unknown> {
  const wasm = withCustomSection(binary, VECTOR_SECTION, new TextEncoder().encode(JSON.stringify(vectors)));
  const emulated = new EmulatedBoard(board, { file: 'as-pect', wasm, sourceMap: '', vectors });
  const { env, ...others } = emulated.cpu.importObject();
  // as-pect has an abort of its own, by which it knows that an expectation threw.
  const { abort: _, ...abi } = env;
  const instance = await instantiate(emulated.meteredBytes, createImports({ env: abi, ...others }));
  emulated.cpu.attach(instance.exports);
  return instance;
}
