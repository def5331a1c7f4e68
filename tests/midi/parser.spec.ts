// SPDX-License-Identifier: MIT
// The parser's rules one by one, then against the plain model of them on any stream.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';
import { midiByte, midiStream } from './arbitraries.js';
import { hexOf, referenceParse, type Losses, type MidiEvent } from './reference-parser.js';

const lossNames = ['orphan_data', 'truncated', 'sysex_aborted', 'stray_eox', 'undefined', 'sysex_overflow'] as const;
const none: Losses = { orphan_data: 0, truncated: 0, sysex_aborted: 0, stray_eox: 0, undefined: 0, sysex_overflow: 0 };

// As documented in assembly/midi/events.ts.
const ABORTED = 1 << 24;
const CONTINUES = 1 << 25;
const CONTINUED = 1 << 26;

let firmware: Fixture;
const parsers = new Map<number, number>();

/** One parser a buffer size, since firmware memory is never freed. */
function parserOf(bufferByteCount: number): number {
  if (!parsers.has(bufferByteCount)) parsers.set(bufferByteCount, firmware.createParser(bufferByteCount));
  const parser = parsers.get(bufferByteCount)!;
  firmware.resetParser(parser);
  return parser;
}

const lossesOf = (parser: number) => Object.fromEntries(lossNames.map((name, i) => [name, firmware.loss(parser, i) >>> 0])) as unknown as Losses;

/** Event words, each followed by its SysEx bytes if it has any: "at:word[:hex]". */
function feed(parser: number, bytes: readonly number[], offset = 0): string[] {
  const out: string[] = [];
  bytes.forEach((byte, i) => {
    const word = firmware.parseByte(parser, byte) >>> 0;
    if (word === 0) return;
    const isSysex = (word & 0xff) === 0xf0;
    const start = firmware.sysexBuffer(parser);
    const data = isSysex ? `:${hexOf([...new Uint8Array(firmware.memory.buffer, start, (word >>> 8) & 0xffff)])}` : '';
    out.push(`${offset + i}:${word.toString(16)}${data}`);
  });
  return out;
}

const statusOf: Record<string, number> = {
  note_off: 0x80, note_on: 0x90, poly_pressure: 0xa0, cc: 0xb0, program: 0xc0, chan_pressure: 0xd0, pitch_bend: 0xe0, mtc_qf: 0xf1, song_pos: 0xf2,
  song_select: 0xf3, tune_request: 0xf6, clock: 0xf8, start: 0xfa, continue: 0xfb, stop: 0xfc, active_sensing: 0xfe, reset: 0xff,
};

/** The model's events as the firmware's words: an abort joins the word of the byte that caused it. */
function asWords(events: readonly MidiEvent[]): string[] {
  const out: string[] = [];
  let aborted = -1;
  let inChunks = false;
  const put = (at: number, word: number, data = '') => {
    out.push(`${at}:${((word | (aborted === at ? ABORTED : 0)) >>> 0).toString(16)}${data}`);
    aborted = -1;
  };
  events.forEach((e, i) => {
    if (e.t === 'sysex_abort') {
      aborted = e.at;
      inChunks = false;
      if (events[i + 1]?.at !== e.at) put(e.at, 0);
    } else if (e.t === 'sysex' || e.t === 'sysex_chunk') {
      const last = e.data!.endsWith('f7');
      put(e.at, 0xf0 | (e.data!.length / 2) << 8 | (last ? 0 : CONTINUES) | (inChunks ? CONTINUED : 0), `:${e.data}`);
      inChunks = !last;
    } else {
      const data = e.t === 'pitch_bend' || e.t === 'song_pos' ? [e.v! & 0x7f, e.v! >> 7] : e.n !== undefined ? [e.n, e.v!] : [e.v ?? 0, 0];
      put(e.at, statusOf[e.t] | (e.ch ?? 0) | data[0] << 8 | data[1] << 16);
    }
  });
  return out;
}

const bytesOf = (text: string) => text.split(' ').filter(Boolean).map((b) => parseInt(b, 16));

function expectWords(stream: string, words: readonly string[], losses: Partial<Losses> = {}, bufferByteCount = 64): void {
  const parser = parserOf(bufferByteCount);
  assert.deepEqual(feed(parser, bytesOf(stream)), words, stream);
  assert.deepEqual(lossesOf(parser), { ...none, ...losses }, stream);
}

before(async () => {
  firmware = await instantiateAssembly('tests/midi/parser.as.ts');
});

describe('MIDI parser, rule by rule', () => {
  it('takes two data bytes after 8n 9n An Bn En, one after Cn Dn', () => {
    expectWords('80 3C 40 91 3D 41 A2 3E 42 B3 07 43 E4 01 44 C5 06 D6 07',
      ['2:403c80', '5:413d91', '8:423ea2', '11:4307b3', '14:4401e4', '16:6c5', '18:7d6']);
  });
  it('takes one data byte after F1 and F3, two after F2, none after F6', () => {
    expectWords('F1 05 F3 06 F2 07 08 F6', ['1:5f1', '3:6f3', '6:807f2', '7:f6']);
    expectWords('F1 05 F1 15 F1 25', ['1:5f1', '3:15f1', '5:25f1']);
  });
  it('acts at once on F8, FA, FB, FC, FE and FF', () => {
    expectWords('F8 FA FB FC FE FF', ['0:f8', '1:fa', '2:fb', '3:fc', '4:fe', '5:ff']);
  });
  it('keeps a channel status in force', () => {
    expectWords('90 3C 64 3D 65 3E 66', ['2:643c90', '4:653d90', '6:663e90']);
    expectWords('C2 01 02 03', ['1:1c2', '2:2c2', '3:3c2']);
  });
  it('sets running status when the status byte arrives, not when its message is complete', () => {
    expectWords('90 3C 64 B1 F8 07 7F 0A 40', ['2:643c90', '4:f8', '6:7f07b1', '8:400ab1']);
  });
  it('clears running status at each of F0 to F7', () => {
    for (const common of ['F0 F7', 'F1 00', 'F2 00 00', 'F3 00', 'F4', 'F5', 'F6', 'F7']) {
      const parser = parserOf(64);
      feed(parser, bytesOf(`90 3C 64 ${common}`));
      assert.deepEqual(feed(parser, [0x3c, 0x64]), [], common);
      assert.equal(lossesOf(parser).orphan_data, 2, common);
    }
  });
  it('gives no running status to F1, F2 and F3', () => {
    expectWords('F1 05 06 F2 01 02 03 04 F3 07 08', ['1:5f1', '5:201f2', '9:7f3'], { orphan_data: 4 });
  });
  it('lets F8 to FF stand between any two bytes and change nothing around them', () => {
    expectWords('90 F8 3C FE 64 FF 3D FA 65', ['1:f8', '3:fe', '4:643c90', '5:ff', '7:fa', '8:653d90']);
    expectWords('F2 F8 01 FC 02', ['1:f8', '3:fc', '4:201f2']);
    expectWords('F0 01 F8 02 F7', ['2:f8', '4:4f0:f00102f7']);
  });
  it('counts and ignores data with no status in force', () => {
    expectWords('00 7F 40', [], { orphan_data: 3 });
  });
  it('drops a message that a status byte interrupts, and begins that status', () => {
    expectWords('90 3C 91 3D 64', ['4:643d91'], { truncated: 1 });
    expectWords('90 80 3C 00', ['3:3c80'], { truncated: 1 });
    expectWords('90 3C 64 3D C1 07', ['2:643c90', '5:7c1'], { truncated: 1 });
    expectWords('90 3C F6', ['2:f6'], { truncated: 1 });
    expectWords('90 3C F0 01 F7', ['4:3f0:f001f7'], { truncated: 1 });
    expectWords('F2 01 90 3C 64', ['4:643c90'], { truncated: 1 });
    expectWords('F1 F3 05', ['2:5f3'], { truncated: 1 });
  });
  it('does not take a status under which nothing has begun for an interruption', () => {
    expectWords('90 3C 64 91 3D 65', ['2:643c90', '5:653d91']);
  });
  it('ignores F4 and F5, but they clear and drop like any other; their data counts as data with no status', () => {
    expectWords('90 3C 64 F4 01 02 F5 03', ['2:643c90'], { undefined: 2, orphan_data: 3 });
    expectWords('90 3C F4 64', [], { truncated: 1, undefined: 1, orphan_data: 1 });
    expectWords('F0 01 F5 02 F7', ['2:1000000'], { sysex_aborted: 1, undefined: 1, orphan_data: 1, stray_eox: 1 });
  });
  it('ignores F9 and FD wholly', () => {
    expectWords('90 F9 3C FD 64 F9 3D 65', ['4:643c90', '7:653d90'], { undefined: 3 });
    expectWords('F0 01 F9 02 FD F7', ['5:4f0:f00102f7'], { undefined: 2 });
  });
  it('ignores F7 with no SysEx open, but it clears and drops', () => {
    expectWords('F7', [], { stray_eox: 1 });
    expectWords('90 3C F7 64', [], { truncated: 1, stray_eox: 1, orphan_data: 1 });
    expectWords('F0 F7 F7', ['1:2f0:f0f7'], { stray_eox: 1 });
  });
  it('aborts a SysEx at any status but F7 and F8 to FF, and acts on that status', () => {
    expectWords('F0 7E 01 90 3C 64', ['3:1000000', '5:643c90'], { sysex_aborted: 1 });
    expectWords('F0 01 F6', ['2:10000f6'], { sysex_aborted: 1 });
    expectWords('F0 01 F0 02 F7', ['2:1000000', '4:3f0:f002f7'], { sysex_aborted: 1 });
    expectWords('F0 01 F1 05 06', ['2:1000000', '3:5f1'], { sysex_aborted: 1, orphan_data: 1 });
    expectWords('F0 01 C0 F7', ['2:1000000'], { sysex_aborted: 1, truncated: 1, stray_eox: 1 });
  });
  it('turns Note On with velocity 0 into Note Off, under running status too, and nothing else', () => {
    expectWords('95 3C 00 3D 40 3E 00', ['2:3c85', '4:403d95', '6:3e85']);
    expectWords('B0 3C 00 A0 3C 00 E0 00 00 80 3C 00', ['2:3cb0', '5:3ca0', '8:e0', '11:3c80']);
    expectWords('90 00 00', ['2:80']);
  });
  it('does as the vectors that other parsers fail', () => {
    expectWords('F1 05 90 3C 64', ['1:5f1', '4:643c90']);
    expectWords('91 3C 64 F6 3E 64', ['2:643c91', '3:f6'], { orphan_data: 2 });
    expectWords('90 3C F8 64', ['2:f8', '3:643c90']);
  });
});

describe('SysEx and its buffer', () => {
  it('delivers in one piece whatever fits, to the last byte', () => {
    expectWords('F0 01 02 F7', ['3:4f0:f00102f7'], {}, 4);
    expectWords('F0 F7', ['1:2f0:f0f7'], {}, 2);
  });
  it('delivers in chunks whatever does not, and says so of each', () => {
    expectWords('F0 01 02 03 F7', ['3:20004f0:f0010203', '4:40001f0:f7'], { sysex_overflow: 1 }, 4);
    expectWords('F0 01 02 03 04 05 06 07 08 F7', ['3:20004f0:f0010203', '7:60004f0:04050607', '9:40002f0:08f7'], { sysex_overflow: 1 }, 4);
    expectWords('F0 01 F7', ['1:20002f0:f001', '2:40001f0:f7'], { sysex_overflow: 1 }, 2);
  });
  it('aborts after chunks, with nothing left over for the next message', () => {
    expectWords('F0 01 02 03 04 F6', ['3:20004f0:f0010203', '5:10000f6'], { sysex_overflow: 1, sysex_aborted: 1 }, 4);
    expectWords('F0 01 02 03 F0 05 F7', ['3:20004f0:f0010203', '4:1000000', '6:3f0:f005f7'], { sysex_overflow: 1, sysex_aborted: 1 }, 4);
  });
  it('lets real time through at a chunk boundary', () => {
    expectWords('F0 01 02 03 F8 F7', ['3:20004f0:f0010203', '4:f8', '5:40001f0:f7'], { sysex_overflow: 1 }, 4);
  });
  it('refuses a buffer too small for F0 and F7 or too large for an event', () => {
    assert.throws(() => firmware.createParser(1), /abort/);
    assert.throws(() => firmware.createParser(65536), /abort/);
  });
});

describe('MIDI parser, on any stream', () => {
  const bufferByteCount = fc.constantFrom(2, 3, 8, 64);
  it('agrees with the plain model in events and losses', () => {
    fc.assert(fc.property(fc.oneof(midiStream, fc.array(midiByte, { maxLength: 120, size: 'max' })), bufferByteCount, (bytes, size) => {
      const expected = referenceParse(bytes, size);
      const parser = parserOf(size);
      assert.deepEqual(feed(parser, bytes), asWords(expected.events));
      assert.deepEqual(lossesOf(parser), expected.losses);
    }), { numRuns: 3000 });
  });
  it('agrees with the plain model on every pair and on every triple of one byte of each kind', () => {
    const kinds = [0x00, 0x40, 0x80, 0x93, 0xa0, 0xb0, 0xc1, 0xd0, 0xe0, ...Array.from({ length: 16 }, (_, i) => 0xf0 + i)];
    for (const a of kinds) for (const b of kinds) for (const c of kinds) {
      const bytes = [a, b, c, 0x01, 0x00];
      const expected = referenceParse(bytes, 3);
      const parser = parserOf(3);
      assert.deepEqual(feed(parser, bytes), asWords(expected.events), hexOf(bytes));
      assert.deepEqual(lossesOf(parser), expected.losses, hexOf(bytes));
    }
  });
  it('keeps parsers apart, however their bytes are interleaved', () => {
    fc.assert(fc.property(midiStream, midiStream, fc.array(fc.boolean(), { maxLength: 200, size: 'max' }), (a, b, turns) => {
      const parserA = parserOf(5);
      const parserB = parserOf(7);
      const wordsA: string[] = [];
      const wordsB: string[] = [];
      let i = 0;
      let j = 0;
      for (const turn of turns) {
        if (turn && i < a.length) wordsA.push(...feed(parserA, [a[i]], i++));
        else if (j < b.length) wordsB.push(...feed(parserB, [b[j]], j++));
      }
      wordsA.push(...feed(parserA, a.slice(i), i));
      wordsB.push(...feed(parserB, b.slice(j), j));
      assert.deepEqual(wordsA, asWords(referenceParse(a, 5).events));
      assert.deepEqual(wordsB, asWords(referenceParse(b, 7).events));
    }), { numRuns: 300 });
  });
  it('never delivers as a whole SysEx anything but the bytes between F0 and F7', () => {
    fc.assert(fc.property(midiStream, bufferByteCount, (bytes, size) => {
      const parser = parserOf(size);
      for (const entry of feed(parser, bytes)) {
        const [at, word, data] = entry.split(':');
        const w = parseInt(word, 16);
        if ((w & 0xff) !== 0xf0 || (w & (CONTINUES | CONTINUED)) !== 0) continue;
        const wire = bytes.slice(0, Number(at) + 1);
        const sent = wire.slice(wire.lastIndexOf(0xf0)).filter((b) => b < 0xf8);
        assert.equal(data, hexOf(sent));
      }
    }), { numRuns: 300 });
  });
});

describe('parseGap', () => {
  const after = (text: string) => {
    const parser = parserOf(4);
    feed(parser, bytesOf(text));
    const event = firmware.parseGap(parser);
    return { parser, event };
  };
  it('drops the open message and the running status, and keeps the counters', () => {
    for (const text of ['01 90 3C', '01 90 3C 64', '01 F2 05']) {
      const { parser, event } = after(text);
      assert.equal(event, 0);
      assert.deepEqual(feed(parser, bytesOf('3C 64')), []);
      assert.deepEqual(lossesOf(parser).orphan_data, 3);
      assert.deepEqual(lossesOf(parser).truncated, 0);
    }
  });
  it('aborts an open SysEx, which no F7 completes then', () => {
    for (const text of ['F0 01', 'F0 01 02 03 04']) {
      const { parser, event } = after(text);
      assert.equal(event, ABORTED);
      assert.deepEqual(feed(parser, bytesOf('F7')), []);
      assert.equal(lossesOf(parser).sysex_aborted, 1);
      assert.equal(lossesOf(parser).stray_eox, 1);
    }
  });
});

describe('publishLosses', () => {
  it("puts the counters at the firmware's counter table", () => {
    const parser = parserOf(2);
    feed(parser, bytesOf('01 90 91 F7 F4 F0 01 01 90'));
    firmware.publishLosses(parser);
    // Words from byte 64 on: midiOrphanData is counter 7, then truncated, undefined, stray F7, SysEx aborted, overflow (host/abi.ts).
    assert.deepEqual([...new Uint32Array(firmware.memory.buffer, 64 + 4 * 7, 6)], [1, 2, 1, 1, 1, 1]);
  });
});
