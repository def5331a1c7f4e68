// SPDX-License-Identifier: MIT
// What a script that asked for JSON is told when there is no result: one object on standard output. Its JSON schema is beside this.

export interface JsonError {
  readonly error: {
    /** Used wrongly; the thing failed; stopped by a signal; or a fault of tonewheel itself. */
    readonly kind: 'misuse' | 'failed' | 'interrupted' | 'fault';
    /** As on standard error, without colours. */
    readonly message: string;
    /** The command's exit code. */
    readonly exitCode: number;
  };
}

let hasAnswered = false;

/** From now on notes whether anything is written to standard output: who has answered already, and fails then, has no second answer. */
export function watchAnswers(): void {
  const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
  process.stdout.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    hasAnswered ||= (chunk as string | Uint8Array).length > 0;
    return write(chunk, ...rest);
  };
}

/** Prints the object, unless the command has printed something. */
export function printJsonError(kind: JsonError['error']['kind'], message: string, exitCode: number): void {
  const answer: JsonError = { error: { kind, message, exitCode } };
  if (!hasAnswered) console.log(JSON.stringify(answer, null, 2));
}
