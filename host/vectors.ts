// SPDX-License-Identifier: MIT
// The vector table of a firmware: which export serves which interrupt. The compiler puts it into a custom section of the module.

/** Name of the custom section; its contents are the vectors as JSON in UTF-8. */
export const VECTOR_SECTION = 'tonewheel.vectors';

export interface Vector {
  /** The manual's name: USART2, DMA1_Stream5, PendSV. */
  readonly name: string;
  /** CMSIS IRQn: negative for the core's own exceptions. */
  readonly irq: number;
  /** 0 is the most urgent. */
  readonly priority: number;
  readonly exportName: string;
  /** Cycles that the handler may take, exclusive of whoever pre-empts it; undefined when none is declared. */
  readonly budget?: number;
  /** Cycles from one interrupt to the next at least, and from an interrupt to the handler's end at most, as its author says; undefined when nothing is declared. */
  readonly period?: number;
  readonly deadline?: number;
  /** Name of the function in the source, and where it is declared. */
  readonly functionName: string;
  readonly file: string;
  readonly line: number;
}

/** The core's own exceptions that a handler may serve, by CMSIS's names and numbers. */
export const CORE_VECTORS: Readonly<Record<string, number>> = { NMI: -14, SVCall: -5, DebugMonitor: -4, PendSV: -2, SysTick: -1 };
