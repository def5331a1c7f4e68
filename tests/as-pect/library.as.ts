// SPDX-License-Identifier: MIT
// Parts of the library on the emulated core: what they do, and what they may cost there. Each ceiling is some quarter above what was measured.

import {
  Envelope, envelopeLevel, gateOff, gateOn, isIdle, renderEnvelope, setEnvelope,
} from "../../assembly/audio/envelope";
import { createParser, parseByte, resetParser } from "../../assembly/midi/parser";
import { cyclesOf } from "../../assembly/testing/board";

const FRAMES: i32 = 32;

const parser = createParser(64);
const envelope = new Envelope();
const block: usize = heap.alloc(4 * FRAMES);
let event: u32 = 0;

function parse(bytes: StaticArray<u8>): void {
  for (let i = 0; i < bytes.length; i++) event = parseByte(parser, bytes[i]);
}

describe("the MIDI parser", () => {
  beforeEach(() => resetParser(parser));

  it("completes a Note On with its third byte, and the next under running status with two", () => {
    parse([0x91, 60]);
    expect(event).toBe(0);
    parse([100]);
    expect(event).toBe(0x643c91);
    parse([62, 0]);
    expect(event).toBe(0x003e81); // velocity 0 is a Note Off
  });

  it("counts data that no status is in force for", () => {
    parse([0x90, 60, 100, 0xf6, 61, 101]);
    expect(parser.orphanData).toBe(2);
  });

  it("lets a clock byte through inside of a SysEx", () => {
    parse([0xf0, 1, 0xf8]);
    expect(event).toBe(0xf8);
    parse([2, 0xf7]);
    expect(event).toBe(0x0004f0);
    expect(parser.sysexAborted).toBe(0);
  });

  it("takes few cycles a byte, whatever the byte is", () => {
    parse([0x90]);
    expect(cyclesOf(() => { event = parseByte(parser, 60); })).toBeLessThan(90);
    expect(cyclesOf(() => { event = parseByte(parser, 100); })).toBeLessThan(100);
    expect(cyclesOf(() => { event = parseByte(parser, 0xf0); })).toBeLessThan(130);
    expect(cyclesOf(() => { event = parseByte(parser, 0x7d); })).toBeLessThan(100);
    expect(cyclesOf(() => { event = parseByte(parser, 0xf8); })).toBeLessThan(70);
  });
});

describe("the envelope", () => {
  it("rises in its attack time, and is silent after its release", () => {
    setEnvelope(envelope, 64, 64, 0.5, 64, false);
    gateOn(envelope);
    renderEnvelope(envelope, block, FRAMES);
    expect(envelopeLevel(envelope)).toBe(0.5);
    renderEnvelope(envelope, block, FRAMES);
    expect(envelopeLevel(envelope)).toBe(1);
    gateOff(envelope);
    for (let i = 0; i < 2; i++) renderEnvelope(envelope, block, FRAMES);
    renderEnvelope(envelope, block, 1);
    expect(isIdle(envelope)).toBe(true);
    expect(load<f32>(block)).toBe(0);
  });

  it("takes few cycles a frame", () => {
    setEnvelope(envelope, 480, 4800, 0.5, 4800, true);
    gateOn(envelope);
    expect(cyclesOf(() => renderEnvelope(envelope, block, FRAMES))).toBeLessThan(25 * FRAMES);
  });
});
