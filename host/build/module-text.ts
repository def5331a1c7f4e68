// SPDX-License-Identifier: MIT
// Builds the text of an AssemblyScript module of constants from a board's data.

import type { Board, BoardPeripheral } from '../boards/index.js';

export const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** `AUDIO_DMA` and the like: SNAKE_CASE of a key in the board's JSON. */
export const constantName = (key: string): string => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase();

export class ModuleText {
  private readonly lines: string[] = [];
  constructor(private readonly board: Board) {}

  section(title: string): void {
    this.lines.push('', `// ${title}`);
  }
  u32(name: string, value: number | string): void {
    this.lines.push(`export const ${name}: u32 = ${value};`);
  }
  i32(name: string, value: number): void {
    this.lines.push(`export const ${name}: i32 = ${value};`);
  }
  f64(name: string, value: number): void {
    this.lines.push(`export const ${name}: f64 = ${Number.isInteger(value) ? value.toFixed(1) : value};`);
  }
  bool(name: string, value: boolean): void {
    this.lines.push(`export const ${name}: bool = ${value};`);
  }

  peripheral(name: string): BoardPeripheral {
    const found = this.board.peripherals.find((p) => p.name === name);
    if (!found) throw new Error(`board ${this.board.name} has no peripheral ${name}`);
    return found;
  }

  vector(name: string, vector: string): void {
    const manual = this.board.aliases[vector] ?? vector;
    if (!(manual in this.board.vectors)) throw new Error(`board ${this.board.name} has no interrupt ${manual}`);
    this.i32(name, this.board.vectors[manual]);
  }

  toString(): string {
    return `// Generated from the board ${this.board.name}; do not edit.\n${this.lines.join('\n')}\n`;
  }
}
