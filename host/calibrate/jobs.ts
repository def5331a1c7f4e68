// SPDX-License-Identifier: MIT
// The long pieces of a calibration, each in a process of its own, as many at a time as the computer has cores.

import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '../build/image/engine-names.js';
import type { EngineCosts } from '../cpu/wasm/costs.js';
import type { HandlerRun } from './handlers.js';
import type { Run } from './measuring.js';
import type { Part } from './validation.js';

export type Engine = EngineName & ('aot' | 'kernels' | 'wasm3');

/** Something to do, and what comes of it. */
export interface Work {
  /** A calibration program, by its name, on the emulated core. */
  readonly program: { readonly job: { readonly program: string; readonly engine: Engine }; readonly result: Run };
  /** Mean cycles of the handlers of a firmware of drivers on the emulated core, and what they execute. */
  readonly handlers: { readonly job: { readonly firmware: string; readonly engine: Engine }; readonly result: Map<string, number> };
  readonly features: { readonly job: { readonly firmware: string }; readonly result: Map<string, HandlerRun> };
  /** A hold-out on the emulated core. */
  readonly measured: { readonly job: { readonly firmware: string; readonly engine: Engine }; readonly result: Part[] };
  /** A hold-out as CPU wasm counts it with each of some costs. */
  readonly counted: { readonly job: { readonly firmware: string; readonly counted: readonly { readonly engine: Engine; readonly costs: EngineCosts }[] }; readonly result: Part[][] };
}
export type Kind = keyof Work;
export type Job = { readonly [K in Kind]: { readonly kind: K } & Work[K]['job'] }[Kind];
export type Answer = { readonly result: Work[Kind]['result'] } | { readonly error: string };

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

export class Jobs {
  private readonly waiting: Waiting[] = [];
  private readonly idle: ChildProcess[] = [];
  private readonly all: ChildProcess[] = [];

  /** @param most processes at a time */
  constructor(private readonly most = availableParallelism()) {}

  /** Does it when a process is free. Rejects with what it throws, as text. */
  run<K extends Kind>(kind: K, job: Work[K]['job']): Promise<Work[K]['result']> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ job: { kind, ...job } as Job, resolve: resolve as Waiting['resolve'], reject });
      this.next();
    });
  }

  /** Ends the processes. */
  end(): void {
    for (const child of this.all) child.kill();
  }

  private next(): void {
    if (this.waiting.length === 0) return;
    const child = this.idle.pop() ?? this.start();
    if (!child) return;
    const { job, resolve, reject } = this.waiting.shift()!;
    const fail = (code: number | null): void => reject(new Error(`the process of ${JSON.stringify({ ...job, counted: undefined })} has ended with ${code}`));
    child.once('exit', fail);
    child.once('message', (answer: Answer) => {
      child.off('exit', fail);
      this.idle.push(child);
      if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.result as never);
      this.next();
    });
    child.send(job);
  }

  private start(): ChildProcess | undefined {
    if (this.all.length >= this.most) return undefined;
    const child = fork(fileURLToPath(new URL('./job.js', import.meta.url)), { serialization: 'advanced' });
    this.all.push(child);
    return child;
  }
}
