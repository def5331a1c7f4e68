// SPDX-License-Identifier: MIT
// The end of the audio path: keeps every frame that was played, with its time, and measures it.

import { createHash } from 'node:crypto';
import wavefile from 'wavefile';
import { ceilDivide, floorTimes, fraction, times } from '../machine/fraction.js';
import type { I2sListener, I2sStream } from '../machine/links.js';
import { PartialFile } from './partial-file.js';

/** Frames in a chunk of memory: 256 KiB, 1.4 s. */
const CHUNK_FRAMES = 65_536;

/** Peak and mean square of a channel, relative to full scale (32768). */
export interface ChannelLevels {
  readonly peak: number;
  readonly rms: number;
}

/** One run of the transmitter and where its frames are. */
interface Run {
  readonly stream: I2sStream;
  readonly firstFrame: number;
}

/**
 * Stereo frames of 16 bits. Wider data keeps its upper 16 bits. When the transmitter stops and starts, frames follow each other directly (as on
 * a codec that is not clocked meanwhile), each with its own time.
 */
export class AudioSink implements I2sListener {
  /** Whole frames so far. */
  frames = 0;
  /** Frames with a sample that is not 0. */
  nonZeroFrames = 0;
  private readonly chunks: Int16Array[] = [];
  private readonly runs: Run[] = [];
  private running = false;
  /** The left sample of a frame whose right one has not come. */
  private left: number | undefined;
  private readonly hash = createHash('sha256');
  private hashed = 0;
  private readonly peaks = [0, 0];
  private readonly squares = [0, 0];

  start(stream: I2sStream): void {
    this.left = undefined;
    this.running = true;
    this.runs.push({ stream, firstFrame: this.frames });
  }

  slots(stream: I2sStream, firstSlot: number, values: Int32Array, count: number): void {
    const shift = stream.dataBits - 16;
    for (let i = 0; i < count; i++) {
      const sample = values[i] >> shift;
      if (((firstSlot + i) & 1) === 0) this.left = sample;
      else if (this.left !== undefined) {
        this.add(this.left, sample);
        this.left = undefined;
      }
    }
  }

  /** A frame of which only the left half was sent is no frame. */
  stop(): void {
    this.left = undefined;
    this.running = false;
  }

  private add(left: number, right: number): void {
    const at = this.frames % CHUNK_FRAMES;
    if (at === 0) this.chunks.push(new Int16Array(2 * CHUNK_FRAMES));
    const chunk = this.chunks[this.chunks.length - 1];
    chunk[2 * at] = left;
    chunk[2 * at + 1] = right;
    this.frames++;
    if (left === 0 && right === 0) return;
    this.nonZeroFrames++;
    this.squares[0] += left * left;
    this.squares[1] += right * right;
    this.peaks[0] = Math.max(this.peaks[0], Math.abs(left));
    this.peaks[1] = Math.max(this.peaks[1], Math.abs(right));
  }

  /** Left and right sample of a frame. @throws RangeError when there is no such frame */
  frame(index: number): readonly [left: number, right: number] {
    this.check(index);
    const chunk = this.chunks[Math.floor(index / CHUNK_FRAMES)];
    const at = 2 * (index % CHUNK_FRAMES);
    return [chunk[at], chunk[at + 1]];
  }

  /** Interleaved copy of frames `first`…, as many of `count` as there are. */
  samples(first = 0, count = Infinity): Int16Array {
    const end = Math.min(first + count, this.frames);
    const copy = new Int16Array(2 * Math.max(0, end - first));
    for (let from = first; from < end;) {
      const start = from % CHUNK_FRAMES;
      const length = Math.min(CHUNK_FRAMES - start, end - from);
      copy.set(this.chunks[Math.floor(from / CHUNK_FRAMES)].subarray(2 * start, 2 * (start + length)), 2 * (from - first));
      from += length;
    }
    return copy;
  }

  /** Cycle at which a frame's first bit went onto the wire. @throws RangeError when there is no such frame */
  cycleOf(frame: number): number {
    this.check(frame);
    const { stream, firstFrame } = this.runOf(frame);
    return stream.originCycle + floorTimes(2 * (frame - firstFrame), stream.slotCycles);
  }

  /** The first cycle at or after `cycle` at which a frame begins, whether it has come or is to come; undefined while the transmitter is off. */
  nextBoundary(cycle: number): number | undefined {
    if (!this.running) return undefined;
    const { originCycle, slotCycles } = this.runs[this.runs.length - 1].stream;
    const frameCycles = times(slotCycles, fraction(2));
    return originCycle + floorTimes(ceilDivide(Math.max(0, cycle - originCycle), frameCycles), frameCycles);
  }

  /** The first frame at or after `from` with a sample that is not 0, or undefined. */
  nextNonZero(from: number): number | undefined {
    for (let frame = Math.max(0, from); frame < this.frames; frame++) {
      const chunk = this.chunks[Math.floor(frame / CHUNK_FRAMES)];
      const at = 2 * (frame % CHUNK_FRAMES);
      if (chunk[at] !== 0 || chunk[at + 1] !== 0) return frame;
    }
    return undefined;
  }

  /** Levels of left and right over all frames. */
  levels(): readonly [ChannelLevels, ChannelLevels] {
    const of = (channel: number): ChannelLevels => ({
      peak: this.peaks[channel] / 32_768,
      rms: this.frames === 0 ? 0 : Math.sqrt(this.squares[channel] / this.frames) / 32_768,
    });
    return [of(0), of(1)];
  }

  /** SHA-256 of all frames so far as little-endian 16-bit stereo, in hex: of what a WAV file's data chunk holds. */
  sha256(): string {
    while (this.hashed < this.frames) {
      const part = this.samples(this.hashed, CHUNK_FRAMES);
      this.hash.update(littleEndian(part));
      this.hashed += part.length / 2;
    }
    return this.hash.copy().digest('hex');
  }

  /** Writes all frames as a 16-bit stereo WAV file. @param sampleRate in hertz; the file can hold only whole ones @throws what the file system says */
  writeWav(path: string, sampleRate: number): void {
    const wav = new wavefile.WaveFile();
    wav.fromScratch(2, Math.round(sampleRate), '16', this.samples());
    const file = new PartialFile(path);
    try {
      file.write(wav.toBuffer());
      file.commit();
    } finally {
      file.abort();
    }
  }

  private runOf(frame: number): Run {
    let i = this.runs.length - 1;
    while (this.runs[i].firstFrame > frame) i--;
    return this.runs[i];
  }

  private check(frame: number): void {
    if (!Number.isInteger(frame) || frame < 0 || frame >= this.frames) throw new RangeError(`frame ${frame}: there are ${this.frames}`);
  }
}

function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? bytes : bytes.swap16();
}
