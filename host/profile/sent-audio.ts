// SPDX-License-Identifier: MIT
// What left I2S, kept for measuring: levels, envelopes and the time of each frame.

/** Stereo audio as it was sent. */
export interface SentAudio {
  /** Interleaved, left first. */
  readonly samples: Int16Array | Int32Array;
  /** Magnitude of full scale: 2^15 for 16-bit data, 2^23 for 24-bit data. */
  readonly fullScale: number;
  /** Cycle at which a frame's first bit went onto the wire; rises with the frame. */
  frameCycle(frame: number): number;
}

export const frameCount = (audio: SentAudio): number => audio.samples.length / 2;

/** Largest magnitude and root mean square of all samples, 1 is full scale; zeros when there are none. */
export function levels({ samples, fullScale }: SentAudio): { peak: number; rms: number } {
  let peak = 0;
  let squares = 0;
  for (let i = 0; i < samples.length; i++) {
    const magnitude = Math.abs(samples[i]);
    if (magnitude > peak) peak = magnitude;
    squares += magnitude * magnitude;
  }
  return { peak: peak / fullScale, rms: samples.length === 0 ? 0 : Math.sqrt(squares / samples.length) / fullScale };
}
